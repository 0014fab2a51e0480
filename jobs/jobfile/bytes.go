package jobfile

import (
	"fmt"
	"strconv"
	"strings"
)

// Bytes is an amount of memory. In YAML it is a number of bytes or a text such as 512MiB, 4GiB or 1.5GB.
type Bytes int64

var units = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
}

// ParseBytes reads an amount of memory.
func ParseBytes(text string) (Bytes, error) {
	for _, u := range units {
		number, ok := strings.CutSuffix(strings.TrimSpace(text), u.suffix)
		if !ok {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(number), 64); err == nil && v >= 0 && v*u.bytes < 1<<62 {
			return Bytes(v * u.bytes), nil
		}
		break
	}
	return 0, fmt.Errorf("%q is not an amount of memory such as 512MiB or 4GiB", text)
}

func (b Bytes) String() string {
	for i := 3; i >= 0; i-- {
		if size := Bytes(units[i].bytes); b >= size && b%size == 0 {
			return fmt.Sprintf("%d%s", b/size, units[i].suffix)
		}
	}
	return fmt.Sprintf("%dB", int64(b))
}
