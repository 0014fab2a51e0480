// Shards: several processes share the work of applying a model, each some of the parts.

package jobs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lacuna-ml/lacuna/arrowio"
)

// Shard is one of Count processes that apply a model together. The zero value is the only one of one.
type Shard struct{ Index, Count int }

// ParseShard reads "I/N", I from 0. Without text it goes by the environment: AWS Batch's array jobs set
// AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE, and Kubernetes' indexed jobs JOB_COMPLETION_INDEX, beside which
// the job must set LACUNA_SHARDS.
func ParseShard(text string, environment func(string) string) (Shard, error) {
	from := "--shard"
	if text == "" {
		for _, names := range [][2]string{{"AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"}, {"JOB_COMPLETION_INDEX", "LACUNA_SHARDS"}} {
			if index := environment(names[0]); index != "" && environment(names[1]) != "" {
				text, from = index+"/"+environment(names[1]), strings.Join(names[:], "/")
				break
			}
		}
	}
	if text == "" {
		return Shard{}, nil
	}
	first, second, _ := strings.Cut(text, "/")
	index, err := strconv.Atoi(first)
	count, err2 := strconv.Atoi(second)
	if err != nil || err2 != nil || index < 0 || index >= count {
		return Shard{}, fmt.Errorf("%s: %w: %q is not a shard such as 0/4, the first of four", from, ErrInvalid, text)
	}
	return Shard{Index: index, Count: count}, nil
}

// String is "I/N".
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, max(s.Count, 1)) }

// whole says whether there are no other shards.
func (s Shard) whole() bool { return s.Count <= 1 }

// own are the parts of this shard: neighbours, with about the same number of rows for each shard. Every part belongs to
// the shard in whose share of the rows its middle lies.
func (s Shard) own(parts []arrowio.Part, rows int64) []arrowio.Part {
	if s.whole() {
		return parts
	}
	var own []arrowio.Part
	for _, p := range parts {
		middle := float64(p.FirstRow) + float64(p.Rows)/2
		if int(middle*float64(s.Count)/float64(max(rows, 1))) == s.Index {
			own = append(own, p)
		}
	}
	return own
}
