// Strict decoding of YAML into a Job, keeping where each value stood for later errors.

package jobfile

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// decoder fills a Job and collects problems.
type decoder struct {
	file     string
	places   map[string]Problem // by path: where its value stands
	problems []Problem
}

// Parse reads a job file and applies settings of the form path=value, which win over the file.
//
// name is the file's, for errors. The error is an *Error with every problem that was found.
func Parse(name string, data []byte, settings []string) (*Job, error) {
	d := &decoder{file: name, places: map[string]Problem{}}
	job := Default()
	if file, err := parser.ParseBytes(data, 0); err != nil {
		d.syntax(err)
	} else {
		d.document(file, job)
	}
	for _, s := range settings {
		d.set(job, s)
	}
	if len(d.problems) == 0 {
		d.validate(job)
	}
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b Problem) int { return (a.Line-b.Line)*1000 + a.Column - b.Column })
		return nil, &Error{Problems: d.problems}
	}
	return job, nil
}

func (d *decoder) document(file *ast.File, job *Job) {
	bodies := slices.DeleteFunc(file.Docs, func(doc *ast.DocumentNode) bool { return doc.Body == nil })
	switch {
	case len(bodies) == 0:
		d.problems = append(d.problems, Problem{File: d.file, Text: "the job file is empty; `lacuna init DATASET` writes one"})
	case len(bodies) > 1:
		d.report(bodies[1].Body, "a job file is one document")
	default:
		d.value(bodies[0].Body, reflect.ValueOf(job).Elem(), "")
	}
}

// syntax reports what the YAML parser says, on one line and with its place.
func (d *decoder) syntax(err error) {
	p := Problem{File: d.file, Text: err.Error()}
	if located, ok := err.(interface {
		GetToken() *token.Token
		GetMessage() string
	}); ok && located.GetToken() != nil {
		p = d.at(located.GetToken(), "YAML: "+located.GetMessage())
	}
	p.Text, _, _ = strings.Cut(p.Text, "\n")
	d.problems = append(d.problems, p)
}

func (d *decoder) at(t *token.Token, text string) Problem {
	if t == nil || t.Position == nil {
		return Problem{File: d.file, Text: text}
	}
	return Problem{File: d.file, Line: t.Position.Line, Column: t.Position.Column, Text: text}
}

func (d *decoder) report(n ast.Node, format string, args ...any) {
	d.problems = append(d.problems, d.at(n.GetToken(), fmt.Sprintf(format, args...)))
}

// value decodes a node into to, which stands at path.
func (d *decoder) value(n ast.Node, to reflect.Value, path string) {
	d.places[path] = d.at(n.GetToken(), "")
	if _, null := n.(*ast.NullNode); null {
		if to.Kind() != reflect.Struct { // an empty section leaves the defaults
			d.report(n, "%s has no value", path)
		}
		return
	}
	switch to.Kind() {
	case reflect.Struct:
		d.section(n, to, path)
	case reflect.Slice:
		d.list(n, to, path)
	case reflect.Map:
		d.texts(n, to, path)
	default:
		d.scalar(n, to, path)
	}
}

func (d *decoder) section(n ast.Node, to reflect.Value, path string) {
	seen := map[string]bool{}
	for _, pair := range d.pairs(n, path) {
		name := keyOf(pair)
		field, ok := fieldNamed(to, name)
		switch {
		case !ok:
			d.report(pair.Key, "unknown field %q%s%s", name, within(path), suggestion(name, fieldNames(to.Type())))
		case seen[name]:
			d.report(pair.Key, "%s stands here twice", join(path, name))
		default:
			d.value(pair.Value, field, join(path, name))
		}
		seen[name] = true
	}
}

// pairs returns the entries of a mapping.
func (d *decoder) pairs(n ast.Node, path string) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	if path == "" {
		path = "the job"
	}
	d.report(n, "%s must be a mapping of fields, not %s", path, describe(n))
	return nil
}

// list decodes a sequence; a single value stands for a list of one.
func (d *decoder) list(n ast.Node, to reflect.Value, path string) {
	items := []ast.Node{n}
	if sequence, ok := n.(*ast.SequenceNode); ok {
		items = sequence.Values
	}
	to.Set(reflect.MakeSlice(to.Type(), len(items), len(items)))
	for i, item := range items {
		d.value(item, to.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

// texts decodes a mapping of texts.
func (d *decoder) texts(n ast.Node, to reflect.Value, path string) {
	to.Set(reflect.MakeMap(to.Type()))
	for _, pair := range d.pairs(n, path) {
		text := reflect.New(to.Type().Elem()).Elem()
		d.value(pair.Value, text, join(path, keyOf(pair)))
		to.SetMapIndex(reflect.ValueOf(keyOf(pair)), text)
	}
}

func (d *decoder) scalar(n ast.Node, to reflect.Value, path string) {
	switch value := n.(type) {
	case *ast.StringNode:
		if to.Type() == reflect.TypeFor[Bytes]() {
			d.bytes(n, value.Value, to, path)
			return
		}
		if to.Kind() == reflect.String {
			to.SetString(value.Value)
			return
		}
	case *ast.LiteralNode:
		if to.Kind() == reflect.String {
			to.SetString(value.Value.Value)
			return
		}
	case *ast.BoolNode:
		if to.Kind() == reflect.Bool {
			to.SetBool(value.Value)
			return
		}
	case *ast.IntegerNode:
		if d.integer(value, to) {
			return
		}
	case *ast.FloatNode:
		if to.Kind() == reflect.Float64 {
			to.SetFloat(value.Value)
			return
		}
	}
	d.report(n, "%s must be %s, not %s", path, wanted(to), describe(n))
}

func (d *decoder) bytes(n ast.Node, text string, to reflect.Value, path string) {
	amount, err := ParseBytes(text)
	if err != nil {
		d.report(n, "%s: %v", path, err)
	}
	to.SetInt(int64(amount))
}

// integer sets a whole number where one fits.
func (d *decoder) integer(n *ast.IntegerNode, to reflect.Value) bool {
	var value float64
	switch v := n.Value.(type) {
	case int64:
		value = float64(v)
	case uint64:
		value = float64(v)
	}
	switch to.Kind() {
	case reflect.Float64:
		to.SetFloat(value)
		return true
	case reflect.Int, reflect.Int64:
		if math.Abs(value) >= 1<<53 { // beyond what JSON keeps, and what any field means
			return false
		}
		to.SetInt(int64(value))
		return true
	}
	return false
}

// set applies one --set path=value.
func (d *decoder) set(job *Job, setting string) {
	flag := &decoder{file: "--set " + setting, places: d.places}
	defer func() { d.problems = append(d.problems, flag.problems...) }()
	path, text, ok := strings.Cut(setting, "=")
	if !ok {
		flag.problems = append(flag.problems, Problem{File: flag.file, Text: "must be path=value, such as train.epochs=10"})
		return
	}
	to := reflect.ValueOf(job).Elem()
	for i, name := range strings.Split(path, ".") {
		if to.Kind() == reflect.Map {
			flag.setEntry(to, strings.Join(strings.Split(path, ".")[i:], "."), text, path)
			return
		}
		field, ok := reflect.Value{}, false
		if to.Kind() == reflect.Struct {
			field, ok = fieldNamed(to, name)
		}
		if !ok {
			flag.problems = append(flag.problems, Problem{File: flag.file, Text: fmt.Sprintf("unknown field %q%s", path, suggestion(path, paths(reflect.TypeFor[Job](), "")))})
			return
		}
		to = field
	}
	flag.setValue(to, text, path)
}

func (d *decoder) setEntry(to reflect.Value, key, text, path string) {
	entry := reflect.New(to.Type().Elem()).Elem()
	d.setValue(entry, text, path)
	if to.IsNil() {
		to.Set(reflect.MakeMap(to.Type()))
	}
	to.SetMapIndex(reflect.ValueOf(key), entry)
}

// setValue decodes a flag's text as YAML; for a text field it is taken as it stands.
func (d *decoder) setValue(to reflect.Value, text, path string) {
	d.places[path] = Problem{File: d.file}
	if to.Kind() == reflect.String {
		to.SetString(text)
		return
	}
	if to.Type() == reflect.TypeFor[[]string]() && !strings.HasPrefix(text, "[") { // *.parquet is a glob, not an alias
		to.Set(reflect.ValueOf([]string{text}))
		d.places[path+"[0]"] = Problem{File: d.file}
		return
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	if err != nil || len(file.Docs) != 1 || file.Docs[0].Body == nil {
		d.problems = append(d.problems, Problem{File: d.file, Text: fmt.Sprintf("%q is not a value", text)})
		return
	}
	d.value(file.Docs[0].Body, to, path)
	for at := range d.places {
		if d.places[at].File == d.file {
			d.places[at] = Problem{File: d.file} // places within the flag say nothing
		}
	}
	for i := range d.problems {
		d.problems[i].Line, d.problems[i].Column = 0, 0
	}
}

func keyOf(pair *ast.MappingValueNode) string { return strings.Trim(pair.Key.GetToken().Value, `"'`) }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func within(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

func describe(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		return fmt.Sprintf("the text %q", n.Value)
	}
	return n.GetToken().Value
}

// wanted says in words what a field takes.
func wanted(to reflect.Value) string {
	switch {
	case to.Type() == reflect.TypeFor[Bytes]():
		return "an amount of memory such as 4GiB"
	case to.Kind() == reflect.Bool:
		return "true or false"
	case to.Kind() == reflect.Int:
		return "a whole number"
	case to.Kind() == reflect.Float64:
		return "a number"
	}
	return "a text"
}
