package profile

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lacuna-ml/lacuna/model/random"
)

// column makes an array of values as text; "" is null.
func column(t testing.TB, typ arrow.DataType, values []string) arrow.Array {
	t.Helper()
	b := array.NewBuilder(memory.DefaultAllocator, typ)
	defer b.Release()
	for _, v := range values {
		if v == "" {
			b.AppendNull()
		} else if err := b.AppendValueFromString(v); err != nil {
			t.Fatal(err)
		}
	}
	return b.NewArray()
}

func profileOf(t testing.TB, typ arrow.DataType, values []string, o Options, batch int) Column {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: typ, Nullable: true}}, nil)
	b, err := NewBuilder(schema, o)
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from < len(values); from += batch {
		part := column(t, typ, values[from:min(from+batch, len(values))])
		if err := b.Add(array.NewRecord(schema, []arrow.Array{part}, int64(part.Len()))); err != nil {
			t.Fatal(err)
		}
	}
	return b.Finish().Columns[0]
}

func repeat(n int, value func(i int) string) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = value(i)
	}
	return values
}

func TestReadings(t *testing.T) {
	cycle := func(words ...string) func(int) string { return func(i int) string { return words[i%len(words)] } }
	number := func(i int) string {
		return string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
	}
	for _, c := range []struct {
		name   string
		typ    arrow.DataType
		values []string
		asked  Reading
		want   Reading
	}{
		{"floats", arrow.PrimitiveTypes.Float64, repeat(60, cycle("1.5", "2", "")), "", Numeric},
		{"floats that never repeat", arrow.PrimitiveTypes.Float32, repeat(3, cycle("1", "2", "3")), "", Numeric},
		{"ints", arrow.PrimitiveTypes.Int32, repeat(60, cycle("1", "2", "3")), "", Numeric},
		{"few ints that never repeat", arrow.PrimitiveTypes.Int64, repeat(3, cycle("1", "2", "3")), "", Numeric},
		{"decimals", &arrow.Decimal128Type{Precision: 9, Scale: 2}, repeat(60, cycle("1.25", "7.00")), "", Numeric},
		{"days", arrow.FixedWidthTypes.Date32, repeat(60, cycle("2024-01-01", "2024-05-03")), "", Time},
		{"timestamps", arrow.FixedWidthTypes.Timestamp_us, repeat(4, cycle("2024-01-01 00:00:00", "2024-05-03 12:00:00")), "", Time},
		{"yes or no", arrow.FixedWidthTypes.Boolean, repeat(9, cycle("true", "false")), "", Boolean},
		{"words", arrow.BinaryTypes.String, repeat(60, cycle("red", "green", "")), "", Categorical},
		{"keys", arrow.BinaryTypes.String, repeat(60, number), "", ID},
		{"few words that never repeat", arrow.BinaryTypes.String, repeat(20, number), "", Categorical},
		{"texts", arrow.BinaryTypes.String, repeat(60, func(i int) string { return strings.Repeat(number(i)+" ", 20) }), "", LongText},
		{"one value", arrow.PrimitiveTypes.Int64, repeat(60, cycle("7")), "", Constant},
		{"only nulls", arrow.PrimitiveTypes.Float64, repeat(60, cycle("")), "", Constant},
		{"only NaN", arrow.PrimitiveTypes.Float64, repeat(60, cycle("NaN", "+Inf")), "", Constant},
		{"bytes", arrow.BinaryTypes.Binary, repeat(5, cycle("AAAA")), "", Unsupported},
		{"ints as categories", arrow.PrimitiveTypes.Int64, repeat(60, cycle("1", "2")), Categorical, Categorical},
		{"left out", arrow.PrimitiveTypes.Int64, repeat(60, cycle("1", "2")), Ignored, Ignored},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Options{}
			if c.asked != "" {
				o.Columns = map[string]Reading{"c": c.asked}
			}
			if got := profileOf(t, c.typ, c.values, o, 7); got.Reading != c.want || got.Why == "" {
				t.Errorf("read as %s (%s), want %s", got.Reading, got.Why, c.want)
			}
		})
	}
}

func TestKeysOfManyRowsAreFound(t *testing.T) {
	const n = 60_000 // far more than the hashes kept
	schema := arrow.NewSchema([]arrow.Field{{Name: "key", Type: arrow.PrimitiveTypes.Int64}, {Name: "pairs", Type: arrow.PrimitiveTypes.Int64}}, nil)
	rows := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i := range int64(n) {
		rows.Field(0).(*array.Int64Builder).Append(i * 7)
		rows.Field(1).(*array.Int64Builder).Append(i / 2)
	}
	b, err := NewBuilder(schema, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Add(rows.NewRecord()); err != nil {
		t.Fatal(err)
	}
	p := b.Finish()
	if p.Columns[0].Reading != ID || p.Columns[1].Reading != Numeric {
		t.Errorf("read as %s and %s", p.Columns[0].Reading, p.Columns[1].Reading)
	}
	for i, want := range []float64{n, n / 2} {
		if got := float64(p.Columns[i].Distinct); math.Abs(got-want) > 0.08*want { // five standard errors of 1/√4096
			t.Errorf("column %d: %v different values, want about %v", i, got, want)
		}
	}
}

func TestProfileDoesNotDependOnBatches(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.SampledFrom([]string{"", "1", "2.5", "-7", "NaN", "1e9"}), 1, 80).Draw(rt, "values")
		typ := rapid.SampledFrom([]arrow.DataType{arrow.PrimitiveTypes.Float64, arrow.BinaryTypes.String}).Draw(rt, "type")
		want, err := (&Profile{Columns: []Column{profileOf(t, typ, values, Options{}, len(values))}}).Marshal()
		if err != nil {
			rt.Fatal(err)
		}
		batch := rapid.IntRange(1, 9).Draw(rt, "batch")
		got, err := (&Profile{Columns: []Column{profileOf(t, typ, values, Options{}, batch)}}).Marshal()
		if err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("in batches of %d: %s, at once: %s", batch, got, want)
		}
	})
}

func TestNumbersAreMeasured(t *testing.T) {
	c := profileOf(t, arrow.PrimitiveTypes.Float64, []string{"1", "2", "3", "4", "10", "", "NaN", "-Inf"}, Options{}, 3)
	if c.Nulls != 1 || c.NotFinite != 2 || c.Distinct != 5 || c.Mean != 4 || c.Min != 1 || c.Max != 10 {
		t.Errorf("%+v", c)
	}
	if math.Abs(c.StdDev-math.Sqrt(10)) > 1e-12 || math.Abs(c.Skew-36/math.Pow(10, 1.5)) > 1e-12 {
		t.Errorf("standard deviation %v, skewness %v", c.StdDev, c.Skew)
	}
	if c.Quantiles[50] != 3 || c.Quantiles[25] != 2 || c.Quantiles[100] != 10 {
		t.Errorf("quantiles %v", c.Quantiles)
	}
}

// TestSampledQuantilesAreNearTheTrueOnes: 100,000 uniform numbers in a sample of at most 4,096: five standard errors of
// a rank, 5·√(¼/2048).
func TestSampledQuantilesAreNearTheTrueOnes(t *testing.T) {
	s := sample{limit: 4096}
	for row := range int64(100_000) {
		stream := random.New(1, random.Demo, uint64(row))
		s.add(stream.Float64(), rowLevel(row))
	}
	if n := len(s.values); n > 4096 || n < 1500 {
		t.Fatalf("%d values are kept", n)
	}
	for i, q := range s.quantiles(0, 1) {
		if math.Abs(q-float64(i)/100) > 5*math.Sqrt(0.25/2048) {
			t.Errorf("quantile %d is %v", i, q)
		}
	}
}

func TestRareCategoriesAreOther(t *testing.T) {
	c := profileOf(t, arrow.BinaryTypes.String, []string{"b", "b", "a", "a", "c", "d", ""}, Options{MaxCategories: 3}, 10)
	want := []Category{{"a", 2}, {"b", 2}, {"c", 1}}
	if len(c.Categories) != 3 || c.Categories[0] != want[0] || c.Categories[1] != want[1] || c.Categories[2] != want[2] || c.OtherCount != 1 {
		t.Errorf("%+v", c)
	}
}

func TestBadOverridesAreRefused(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: arrow.BinaryTypes.String}}, nil)
	for _, o := range []map[string]Reading{{"c": Numeric}, {"c": Time}, {"missing": Categorical}} {
		if _, err := NewBuilder(schema, Options{Columns: o}); err == nil {
			t.Errorf("%v was taken", o)
		}
	}
}

func TestTransformIsIncreasingAndInvertible(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(5, 60).Draw(rt, "n")
		shape := rapid.SampledFrom([]func(v float64) float64{
			func(v float64) float64 { return v }, math.Exp, func(v float64) float64 { return math.Max(0, v) },
			func(v float64) float64 { return math.Round(v) }, func(v float64) float64 { return 1.7e9 + v },
		}).Draw(rt, "shape")
		var m moments
		s := sample{limit: mostSampled}
		for i := range n {
			v := shape(rapid.Float64Range(-8, 8).Draw(rt, "v"))
			m.add(v)
			s.add(v, rowLevel(int64(i)))
		}
		c := Column{Mean: m.mean, StdDev: m.stdDev(), Skew: m.skew(), Min: m.least, Max: m.greatest, Quantiles: s.quantiles(m.least, m.greatest)}
		transform := c.Transform()
		a := rapid.Float64Range(m.least, m.greatest).Draw(rt, "a")
		b := rapid.Float64Range(m.least, m.greatest).Draw(rt, "b")
		if a < b && transform.Forward(a) > transform.Forward(b) {
			rt.Fatalf("%v → %v but %v → %v", a, transform.Forward(a), b, transform.Forward(b))
		}
		// float32 keeps seven digits of a normalised value of up to ten.
		if z := transform.Forward(a); math.Abs(float64(z)) < clip {
			if back := transform.Inverse(z); math.Abs(back-a) > 2e-5*(m.greatest-m.least)+1e-9 {
				rt.Fatalf("%v → %v → %v (%s)", a, z, back, transform.Kind())
			}
		}
		if v := transform.Inverse(50); v > m.greatest {
			rt.Fatalf("50 → %v, beyond %v", v, m.greatest)
		}
	})
}

func TestSkewedNumbersAreNormalisedByPercentiles(t *testing.T) {
	var m moments
	s := sample{limit: mostSampled}
	for i := range int64(5000) {
		stream := random.New(2, random.Demo, uint64(i))
		v := math.Exp(2 * stream.Normal())
		m.add(v)
		s.add(v, rowLevel(i))
	}
	c := Column{Mean: m.mean, StdDev: m.stdDev(), Skew: m.skew(), Min: m.least, Max: m.greatest, Quantiles: s.quantiles(m.least, m.greatest)}
	transform := c.Transform()
	if transform.Kind() != "percentiles" {
		t.Fatalf("skewness %v is normalised by %s", c.Skew, transform.Kind())
	}
	var z moments
	for _, v := range s.values {
		z.add(float64(transform.Forward(v.value)))
	}
	if math.Abs(z.mean) > 0.05 || math.Abs(z.stdDev()-1) > 0.1 || math.Abs(z.skew()) > 0.3 {
		t.Errorf("normalised to mean %v, standard deviation %v, skewness %v", z.mean, z.stdDev(), z.skew())
	}
}

func TestTextIsTheSameInADictionary(t *testing.T) {
	plain := column(t, arrow.BinaryTypes.String, []string{"b", "a", "", "b"})
	b := array.NewDictionaryBuilder(memory.DefaultAllocator, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}).(*array.BinaryDictionaryBuilder)
	for _, v := range []string{"b", "a"} {
		if err := b.AppendString(v); err != nil {
			t.Fatal(err)
		}
	}
	b.AppendNull()
	if err := b.AppendString("b"); err != nil {
		t.Fatal(err)
	}
	one, err := Text(plain)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Text(b.NewArray())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		v, ok := one(i)
		if w, there := two(i); v != w || ok != there {
			t.Errorf("row %d: %q %v, in a dictionary %q %v", i, v, ok, w, there)
		}
	}
}

// TestFormatNumberIsReadBack checks that a number written for a type comes back through the type's own builder.
func TestFormatNumberIsReadBack(t *testing.T) {
	for _, c := range []struct {
		typ arrow.DataType
		v   float64
	}{
		{arrow.PrimitiveTypes.Int8, -7}, {arrow.PrimitiveTypes.Uint64, 1e15}, {arrow.PrimitiveTypes.Float32, 2.5}, {arrow.PrimitiveTypes.Float64, -1e300},
		{arrow.FixedWidthTypes.Date32, 19000}, {arrow.FixedWidthTypes.Date64, 19000}, {arrow.FixedWidthTypes.Timestamp_s, 1.7e9},
		{arrow.FixedWidthTypes.Timestamp_us, 1.7e9 + 0.25}, {&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}, 1.7e9 + 0.5},
		{arrow.FixedWidthTypes.Time32s, 3600}, {arrow.FixedWidthTypes.Time64us, 3600.5}, {&arrow.Decimal128Type{Precision: 12, Scale: 2}, 12.25},
		{arrow.FixedWidthTypes.Boolean, 1},
	} {
		number, err := Number(column(t, c.typ, []string{FormatNumber(c.v, c.typ)}))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := number(0); !ok || got != c.v {
			t.Errorf("%s: %v was written as %s and read as %v", c.typ, c.v, FormatNumber(c.v, c.typ), got)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	whole, err := (&Profile{Format: formatVersion, Rows: 3, Columns: []Column{{Name: "c", Reading: Numeric}}}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"format":1,"rows":1,"columns":[{"name":"c","quantiles":[3,1]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Unmarshal(data)
		if err != nil {
			return
		}
		again, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Unmarshal(again); err != nil {
			t.Fatalf("what was read can't be read again: %v", err)
		}
	})
}
