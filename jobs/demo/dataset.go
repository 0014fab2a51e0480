// Package demo makes a customer dataset that looks like a real one and whose truth is known: five segments of people with
// correlated columns, values missing for a reason and at random, and one row in a hundred that is wrong in a believable
// way: its columns contradict each other, though each by itself is ordinary.
//
// It may import model/random and Arrow. Its one law: the same rows and seed give the same dataset.
package demo

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lacuna-ml/lacuna/model/random"
)

// segment is a group of customers: means of what they are and do.
type segment struct {
	name                   string
	share                  float64
	age, income            float64 // years; thousand a year
	spend, visits          float64 // a month
	calls, returns, tenure float64 // support calls and returns a year; years
	online                 float64 // probability of shopping online
	plan, device           []float64
}

var (
	plans   = []string{"free", "basic", "plus", "business"}
	devices = []string{"phone", "laptop", "tablet"}
	regions = []string{"north", "south", "east", "west", "abroad"}
)

var segments = []segment{
	{"students", 0.22, 22, 16, 35, 9, 0.4, 0.6, 1.2, 0.95, []float64{0.7, 0.25, 0.05, 0}, []float64{0.8, 0.15, 0.05}},
	{"families", 0.28, 39, 62, 210, 6, 1.5, 3.2, 6, 0.6, []float64{0.1, 0.4, 0.5, 0}, []float64{0.5, 0.25, 0.25}},
	{"professionals", 0.2, 34, 98, 160, 3, 0.5, 1, 3.5, 0.9, []float64{0.05, 0.25, 0.65, 0.05}, []float64{0.45, 0.5, 0.05}},
	{"retired", 0.18, 68, 38, 85, 2, 3.5, 0.5, 11, 0.15, []float64{0.3, 0.6, 0.1, 0}, []float64{0.25, 0.25, 0.5}},
	{"businesses", 0.12, 46, 140, 900, 14, 5, 6, 5, 0.75, []float64{0, 0.05, 0.2, 0.75}, []float64{0.1, 0.85, 0.05}},
}

// anomalies is the share of rows that contradict themselves.
const anomalies = 0.01

// Schema is the dataset's. true_segment and planted_anomaly are its truth: a job ignores them.
var Schema = arrow.NewSchema([]arrow.Field{
	{Name: "customer_id", Type: arrow.PrimitiveTypes.Int64},
	{Name: "signed_up", Type: arrow.FixedWidthTypes.Date32},
	{Name: "age", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "income", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "region", Type: arrow.BinaryTypes.String},
	{Name: "plan", Type: arrow.BinaryTypes.String},
	{Name: "device", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "shops_online", Type: arrow.FixedWidthTypes.Boolean},
	{Name: "newsletter", Type: arrow.FixedWidthTypes.Boolean},
	{Name: "monthly_spend", Type: arrow.PrimitiveTypes.Float64},
	{Name: "visits_per_month", Type: arrow.PrimitiveTypes.Int32},
	{Name: "average_basket", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "support_calls", Type: arrow.PrimitiveTypes.Int32},
	{Name: "returns", Type: arrow.PrimitiveTypes.Int32},
	{Name: "days_since_visit", Type: arrow.PrimitiveTypes.Int32},
	{Name: "currency", Type: arrow.BinaryTypes.String},
	{Name: "true_segment", Type: arrow.BinaryTypes.String},
	{Name: "planted_anomaly", Type: arrow.FixedWidthTypes.Boolean},
}, nil)

// customer is one row before it is written.
type customer struct {
	id                        int64
	segment                   int
	anomaly                   bool
	tenure, age, income       float64
	region, plan, device      string
	online, newsletter        bool
	spend, basket             float64
	visits, calls, returns    int32
	days                      int32
	noAge, noIncome, noDevice bool
}

// Generate makes a dataset of so many rows; the caller releases it.
func Generate(rows int, seed uint64) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, Schema)
	defer b.Release()
	for row := range rows {
		s := random.New(seed, random.Demo, uint64(row))
		c := draw(&s)
		c.id = 100_000 + int64(row)*7 + int64(s.IntN(7))
		if c.anomaly = s.Float64() < anomalies; c.anomaly {
			c.contradict(&s)
		}
		c.write(b)
	}
	return b.NewRecord()
}

// draw makes an ordinary customer: a latent wealth and an activity tie the columns of a segment together.
func draw(s *random.Stream) customer {
	c := customer{segment: pick(s, shares())}
	of := segments[c.segment]
	wealth, activity := s.Normal(), s.Normal()
	c.age = math.Round(min(max(of.age+of.age*0.12*s.Normal(), 18), 95))
	c.income = of.income * math.Exp(0.3*wealth+0.1*s.Normal())
	c.tenure = of.tenure * math.Exp(0.5*s.Normal())
	c.region = regions[s.IntN(len(regions))]
	c.plan, c.device = plans[pick(s, of.plan)], devices[pick(s, of.device)]
	c.online = s.Float64() < of.online
	c.newsletter = s.Float64() < 0.2+0.5*of.online
	c.visits = poisson(s, of.visits*math.Exp(0.35*activity))
	c.spend = of.spend * math.Exp(0.35*wealth+0.3*activity+0.15*s.Normal())
	c.calls = poisson(s, of.calls*math.Exp(0.3*s.Normal()))
	c.returns = poisson(s, of.returns*c.spend/of.spend)
	c.days = int32(30 / (float64(c.visits) + 0.5) * -math.Log(1-s.Float64()))
	c.basket = c.spend / max(float64(c.visits), 1)
	c.noAge = s.Float64() < 0.03
	c.noIncome = s.Float64() < 0.05+0.25*c.income/(c.income+80) // who earns more says so less often
	c.noDevice = !c.online && s.Float64() < 0.4
	return c
}

func shares() (list []float64) {
	for _, s := range segments {
		list = append(list, s.share)
	}
	return list
}

// pick draws an index with the given probabilities.
func pick(s *random.Stream, probabilities []float64) int {
	u := s.Float64()
	for i, p := range probabilities {
		if u -= p; u < 0 {
			return i
		}
	}
	return len(probabilities) - 1
}

// poisson draws a count of the given mean. Knuth's method: the means here are small.
func poisson(s *random.Stream, mean float64) int32 {
	limit, product, n := math.Exp(-mean), s.Float64(), int32(0)
	for product > limit {
		product *= s.Float64()
		n++
	}
	return n
}

// contradict makes a row wrong: it takes some columns from a customer of quite another kind.
func (c *customer) contradict(s *random.Stream) {
	other := draw(s)
	for other.segment == c.segment {
		other = draw(s)
	}
	switch s.IntN(4) {
	case 0: // someone else's account: money and habits of another segment
		c.spend, c.visits, c.basket, c.plan = other.spend*3, other.visits, other.basket, other.plan
	case 1: // a wrong birthday and income
		c.age, c.income, c.noAge, c.noIncome = other.age, other.income*2, false, false
	case 2: // refund fraud: far more comes back than was bought
		c.returns, c.days = c.returns+25+int32(s.IntN(20)), 0
	case 3: // a basket that doesn't fit spend and visits
		c.basket = c.spend * (3 + 4*s.Float64())
	}
}

// write appends the row to the builders, in the schema's order.
func (c *customer) write(b *array.RecordBuilder) {
	const today = 20_780 // 2026-11-23, in days since 1970
	b.Field(0).(*array.Int64Builder).Append(c.id)
	b.Field(1).(*array.Date32Builder).Append(arrow.Date32(today - int(365*c.tenure)))
	appendUnless(c.noAge, b.Field(2), func(f *array.Int32Builder) { f.Append(int32(c.age)) })
	appendUnless(c.noIncome, b.Field(3), func(f *array.Float64Builder) { f.Append(cents(c.income * 1000)) })
	b.Field(4).(*array.StringBuilder).Append(c.region)
	b.Field(5).(*array.StringBuilder).Append(c.plan)
	appendUnless(c.noDevice, b.Field(6), func(f *array.StringBuilder) { f.Append(c.device) })
	b.Field(7).(*array.BooleanBuilder).Append(c.online)
	b.Field(8).(*array.BooleanBuilder).Append(c.newsletter)
	b.Field(9).(*array.Float64Builder).Append(cents(c.spend))
	b.Field(10).(*array.Int32Builder).Append(c.visits)
	appendUnless(c.visits == 0, b.Field(11), func(f *array.Float64Builder) { f.Append(cents(c.basket)) })
	b.Field(12).(*array.Int32Builder).Append(c.calls)
	b.Field(13).(*array.Int32Builder).Append(c.returns)
	b.Field(14).(*array.Int32Builder).Append(c.days)
	b.Field(15).(*array.StringBuilder).Append("EUR")
	b.Field(16).(*array.StringBuilder).Append(segments[c.segment].name)
	b.Field(17).(*array.BooleanBuilder).Append(c.anomaly)
}

func appendUnless[B array.Builder](missing bool, field array.Builder, value func(B)) {
	if missing {
		field.AppendNull()
		return
	}
	value(field.(B))
}

func cents(v float64) float64 { return math.Round(v*100) / 100 }

// JobFile is the demo's job: the dataset of folder/customers, a model and an export beside it.
func JobFile(folder string) string {
	return fmt.Sprintf(`# The demo's job: embeddings, scores and segments of a made-up bank of customers.
# Run it again with: lacuna run -f %[1]s/job.yaml   (finished work is not done twice)
name: demo-customers
kind: tabular
input:
  uri: %[1]s/customers/
  id: [customer_id]
  ignore: [true_segment, planted_anomaly]   # the truth, to compare with
model:
  uri: %[1]s/model/
  size: tiny
train: {epochs: 30, batch_rows: 128, learning_rate: 0.002}
apply:
  outputs: [embedding, score, column_scores, restored, segment]
  segments: 5
output:
  uri: %[1]s/export/
`, folder)
}
