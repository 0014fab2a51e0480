// The fields of a Job by their names in YAML, and what their tags say.

package jobfile

import (
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// Default returns a job with every field at its default.
func Default() *Job {
	job := &Job{}
	setDefaults(reflect.ValueOf(job).Elem())
	return job
}

// setDefaults reads the tags' defaults, which are YAML.
func setDefaults(v reflect.Value) {
	for i := range v.NumField() {
		tag, ok := v.Type().Field(i).Tag.Lookup("default")
		switch {
		case v.Field(i).Kind() == reflect.Struct:
			setDefaults(v.Field(i))
		case ok && v.Field(i).Type() == reflect.TypeFor[Bytes]():
			amount, err := ParseBytes(tag)
			if err != nil {
				panic(err) // a default that is wrong shows in the first test
			}
			v.Field(i).SetInt(int64(amount))
		case ok:
			if err := yaml.Unmarshal([]byte(tag), v.Field(i).Addr().Interface()); err != nil {
				panic(err)
			}
		}
	}
}

func fieldNamed(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func fieldNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("yaml"))
	}
	return names
}

// paths lists every field below t: "train.epochs".
func paths(t reflect.Type, prefix string) []string {
	var list []string
	for i := range t.NumField() {
		path := join(prefix, t.Field(i).Tag.Get("yaml"))
		if t.Field(i).Type.Kind() == reflect.Struct {
			list = append(list, paths(t.Field(i).Type, path)...)
		} else {
			list = append(list, path)
		}
	}
	return list
}

// choices are the values that a field's tag allows; nil for any.
func choices(f reflect.StructField) []string {
	if tag := f.Tag.Get("enum"); tag != "" {
		return strings.Split(tag, ",")
	}
	return nil
}
