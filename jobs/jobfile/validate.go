// Checks of values, once they have the right types: first each field by its tags, then what fields mean together.

package jobfile

import (
	"fmt"
	"maps"
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
	d.checkPlaces(job)
}

// checkPlaces refuses an export that would land on the input, where the next run would read it, or on the model.
func (d *decoder) checkPlaces(job *Job) {
	folder := func(uri string) string { return strings.TrimRight(uri, "/") + "/" }
	for _, in := range job.Input.URI {
		if job.Output.URI != "" && strings.HasPrefix(folder(job.Output.URI), folder(in)) {
			d.wrong("output.uri", "is the input %q or lies in it, so that the next run would read it", in)
		}
	}
	if job.Output.URI != "" && folder(job.Output.URI) == folder(job.Model.URI) {
		d.wrong("output.uri", "is also model.uri; give each a folder of its own")
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
				d.checkItem(f, v.Field(i), j, fmt.Sprintf("%s[%d]", at, j))
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

// checkItem holds one item of a list to the field's tags. A blank text names nothing, and a choice can't be made twice.
func (d *decoder) checkItem(f reflect.StructField, list reflect.Value, i int, path string) {
	d.checkValue(f, list.Index(i), path)
	texts, ok := list.Interface().([]string)
	switch {
	case ok && texts[i] == "":
		d.wrong(path, "is blank")
	case ok && choices(f) != nil && slices.Contains(texts[:i], texts[i]):
		d.wrong(path, "asks for %q a second time", texts[i])
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
		if other == job.Kind {
			continue
		}
		for _, path := range slices.Sorted(maps.Keys(d.places)) {
			if path == other || strings.HasPrefix(path, other+".") {
				d.wrong(path, "is an option of kind %s, but the job is of kind %s", other, job.Kind)
				break
			}
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
	if a.Heads < 1 || a.DecoderHeads < 1 { // an unknown size, or heads out of range: reported already
		return
	}
	if a.Dim%a.Heads != 0 {
		d.wrong("model.heads", "is %d, which %d (model.dim) is no multiple of", a.Heads, a.Dim)
	}
	if a.DecoderDim%a.DecoderHeads != 0 {
		d.wrong("model.decoder_heads", "is %d, which %d (model.decoder_dim) is no multiple of", a.DecoderHeads, a.DecoderDim)
	}
}
