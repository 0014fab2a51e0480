// Checks of values, once they have the right types: first each field by its tags, then what fields mean together.

package jobfile

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

func (d *decoder) validate(job *Job) {
	d.checkTags(reflect.ValueOf(job).Elem(), "")
	d.checkKind(job)
	d.checkColumns(job)
	if job.Kind == "tabular" {
		d.checkHeads(job)
	}
	if slices.Contains(job.Input.URI, job.Output.URI) {
		d.wrong("output.uri", "is also the input")
	}
}

// wrong reports a problem with the value at path.
func (d *decoder) wrong(path, format string, args ...any) {
	p, ok := d.places[path]
	if !ok {
		p = Problem{File: d.file}
	}
	p.Text = path + " " + fmt.Sprintf(format, args...)
	d.problems = append(d.problems, p)
}

func (d *decoder) checkTags(v reflect.Value, path string) {
	for i := range v.NumField() {
		f, at := v.Type().Field(i), join(path, v.Type().Field(i).Tag.Get("yaml"))
		switch v.Field(i).Kind() {
		case reflect.Struct:
			d.checkTags(v.Field(i), at)
		case reflect.Slice:
			for j := range v.Field(i).Len() {
				d.checkValue(f, v.Field(i).Index(j), fmt.Sprintf("%s[%d]", at, j))
			}
		case reflect.Map:
			for _, key := range sortedKeys(v.Field(i)) {
				d.checkValue(f, v.Field(i).MapIndex(reflect.ValueOf(key)), join(at, key))
			}
		default:
			d.checkValue(f, v.Field(i), at)
		}
		if f.Tag.Get("required") != "" && v.Field(i).Len() == 0 {
			d.wrong(at, "is missing: %s", lowerFirst(f.Tag.Get("doc")))
		}
	}
}

func sortedKeys(m reflect.Value) []string {
	var keys []string
	for _, k := range m.MapKeys() {
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	return keys
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// checkValue holds one value to its field's tags. A number of zero that has no default is one that isn't set.
func (d *decoder) checkValue(f reflect.StructField, v reflect.Value, path string) {
	if allowed := choices(f); allowed != nil && v.Kind() == reflect.String && !slices.Contains(allowed, v.String()) {
		near := suggestion(v.String(), allowed)
		d.wrong(path, "can't be %q%s", v.String(), near)
	}
	var number float64
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		number = float64(v.Int())
	case reflect.Float64:
		number = v.Float()
	default:
		return
	}
	if _, set := d.places[path]; !set && number == 0 {
		return
	}
	least, most := f.Tag.Get("min"), f.Tag.Get("max")
	if bound, err := strconv.ParseFloat(least, 64); err == nil && !(number >= bound) {
		d.wrong(path, "is %v; the least is %s", v, readable(v, least))
	}
	if bound, err := strconv.ParseFloat(most, 64); err == nil && !(number <= bound) {
		d.wrong(path, "is %v; the most is %s", v, most)
	}
}

// readable writes a bound in the value's own unit.
func readable(v reflect.Value, bound string) string {
	if n, err := strconv.ParseInt(bound, 10, 64); err == nil && v.Type() == reflect.TypeFor[Bytes]() {
		return Bytes(n).String()
	}
	return bound
}

// checkKind refuses options of another kind.
func (d *decoder) checkKind(job *Job) {
	for _, other := range []string{"tabular", "standard"} {
		if _, given := d.places[other]; given && other != job.Kind {
			d.wrong(other, "has options of kind %s, but the job is of kind %s", other, job.Kind)
		}
	}
}

// checkColumns refuses a column that is used in two ways.
func (d *decoder) checkColumns(job *Job) {
	uses := map[string]string{}
	use := func(column, path string) {
		if former, taken := uses[column]; taken {
			d.wrong(path, "names %q, which %s names too", column, former)
		}
		uses[column] = path
	}
	for i, c := range job.Input.ID {
		use(c, fmt.Sprintf("input.id[%d]", i))
	}
	for i, c := range job.Input.Ignore {
		use(c, fmt.Sprintf("input.ignore[%d]", i))
	}
	for _, c := range sortedKeys(reflect.ValueOf(job.Input.Columns)) {
		use(c, "input.columns."+c)
	}
}

func (d *decoder) checkHeads(job *Job) {
	a := job.Architecture()
	if a.Dim%a.Heads != 0 {
		d.wrong("model.heads", "is %d, which %d (model.dim) is no multiple of", a.Heads, a.Dim)
	}
	if a.DecoderDim%a.DecoderHeads != 0 {
		d.wrong("model.decoder_heads", "is %d, which %d (model.decoder_dim) is no multiple of", a.DecoderHeads, a.DecoderDim)
	}
}
