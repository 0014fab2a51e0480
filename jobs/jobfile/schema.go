package jobfile

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/invopop/jsonschema"
)

// Schema is the JSON Schema (draft 2020-12) of a job file, made from the Go types and their tags.
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{FieldNameTag: "yaml", DoNotReference: true, ExpandedStruct: true, Anonymous: true, RequiredFromJSONSchemaTags: true}
	s := r.Reflect(&Job{})
	s.ID = "https://lacuna-ml.github.io/schemas/job.json"
	s.Title = "Lacuna job file"
	describeFields(s, reflect.TypeFor[Job]())
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("JSON Schema: %w", err)
	}
	return append(data, '\n'), nil
}

// describeFields adds what the tags say to the properties of a struct's schema.
func describeFields(s *jsonschema.Schema, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		property, _ := s.Properties.Get(name)
		property.Description = f.Tag.Get("doc")
		if f.Type.Kind() == reflect.Struct {
			describeFields(property, f.Type)
			continue
		}
		if f.Tag.Get("required") != "" {
			s.Required = append(s.Required, name)
		}
		describeValue(property, f)
	}
	if s.Required != nil && t == reflect.TypeFor[Input]() {
		s.Required = []string{"uri"}
	}
}

func describeValue(property *jsonschema.Schema, f reflect.StructField) {
	if tag, ok := f.Tag.Lookup("default"); ok {
		var value any
		if err := yaml.Unmarshal([]byte(tag), &value); err != nil {
			panic(err) // as in setDefaults
		}
		property.Default = value
	}
	element := property
	switch {
	case f.Type == reflect.TypeFor[Bytes]():
		property.Type = ""
		property.OneOf = []*jsonschema.Schema{{Type: "integer"}, {Type: "string", Pattern: `^[0-9.]+ ?([KMGT]i?B|B)?$`}}
		return
	case f.Type.Kind() == reflect.Slice: // one value stands for a list of one
		element = property.Items
		property.Type, property.Items = "", nil
		property.OneOf = []*jsonschema.Schema{element, {Type: "array", Items: element}}
	case f.Type.Kind() == reflect.Map:
		element = property.AdditionalProperties
	}
	for _, c := range choices(f) {
		element.Enum = append(element.Enum, c)
	}
	if _, err := strconv.ParseFloat(f.Tag.Get("min"), 64); err == nil {
		element.Minimum = json.Number(f.Tag.Get("min"))
	}
	if _, err := strconv.ParseFloat(f.Tag.Get("max"), 64); err == nil {
		element.Maximum = json.Number(f.Tag.Get("max"))
	}
}

// Reference is the job file's reference in Markdown: docs/reference/job-file.md.
func Reference() string {
	var b strings.Builder
	b.WriteString("# The job file\n\nGenerated from the Go types by `make generate`; `lacuna schema` prints the same as JSON Schema.\n\n" +
		"An unknown or misspelt field, a wrong type or a bad value is an error with file, line and the nearest right name.\n" +
		"Any field can be set on the command line: `--set train.epochs=10`.\n")
	referenceSection(&b, "", reflect.TypeFor[Job]())
	return b.String()
}

// referenceSection writes the table of a section's fields, then its own sections.
func referenceSection(b *strings.Builder, path string, t reflect.Type) {
	if path != "" {
		fmt.Fprintf(b, "\n## %s\n", path)
	}
	b.WriteString("\n| field | default | meaning |\n| --- | --- | --- |\n")
	for i := range t.NumField() {
		f := t.Field(i)
		name, doc := f.Tag.Get("yaml"), f.Tag.Get("doc")
		if f.Type.Kind() == reflect.Struct {
			fmt.Fprintf(b, "| [`%s`](#%s) | | %s |\n", name, name, doc)
			continue
		}
		if c := choices(f); c != nil {
			doc += " One of " + strings.Join(c, ", ") + "."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, defaultText(f), doc)
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Type.Kind() == reflect.Struct {
			referenceSection(b, join(path, f.Tag.Get("yaml")), f.Type)
		}
	}
}

func defaultText(f reflect.StructField) string {
	if f.Tag.Get("required") != "" {
		return "required"
	}
	if tag := f.Tag.Get("default"); tag != "" {
		return "`" + tag + "`"
	}
	return ""
}
