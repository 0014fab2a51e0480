// How numbers are normalised for a model, and back.

package profile

import (
	"math"
	"sort"
)

// Transform maps a column's numbers to about zero mean and unit variance, and back. It is increasing.
//
// Most columns take the z-score. Strongly skewed ones are mapped through their 1st to 99th percentiles to a standard
// normal, linearly in between, and rescaled to unit variance where many values are equal. Beyond, the normalised value
// grows with the logarithm of the distance, so that an outlier stays an outlier without ruling every loss it is part of.
type Transform struct {
	mean, scale float64
	from, to    []float64 // knots of the percentile transform: values and normal scores, both ascending; nil for z-scores
	low, high   float64   // beyond the first and last knot: the distance that counts as one
	min, max    float64   // of the training data: what Inverse keeps to
}

const (
	// clip bounds normalised values: beyond it a squared error would say more of the outlier than of the model.
	clip = 10
	// skewed is the absolute skewness from which a column is normalised by its percentiles: the exponential's.
	skewed = 2
	// fewestKnots is how many different percentiles the transform needs; a column with fewer takes the z-score.
	fewestKnots = 4
)

// Kind says "z-score" or "percentiles".
func (t Transform) Kind() string {
	if t.from != nil {
		return "percentiles"
	}
	return "z-score"
}

// Transform returns how the column is normalised.
func (c *Column) Transform() Transform {
	t := Transform{mean: c.Mean, scale: c.StdDev, min: c.Min, max: c.Max}
	if t.scale == 0 {
		t.scale = 1
	}
	if math.Abs(c.Skew) >= skewed && len(c.Quantiles) == quantileCount {
		t.setKnots(c.Quantiles[1 : quantileCount-1])
	}
	return t
}

// setKnots pairs distinct percentiles with their normal scores; percentiles that are equal take the score of their
// middle.
func (t *Transform) setKnots(percentiles []float64) {
	var from, to []float64
	for i := 0; i < len(percentiles); {
		j := i
		for j < len(percentiles) && percentiles[j] == percentiles[i] {
			j++
		}
		from = append(from, percentiles[i])
		to = append(to, normalScore(float64(i+j+1)/2/float64(len(percentiles)+1)))
		i = j
	}
	if len(from) < fewestKnots {
		return
	}
	rescale(to, from, percentiles)
	t.from, t.to = from, to
	last, middle := len(from)-1, len(from)/2
	t.low = (from[middle] - from[0]) / (to[middle] - to[0])
	t.high = (from[last] - from[middle]) / (to[last] - to[middle])
}

// rescale gives the scores zero mean and unit variance over the percentiles. Where most values are equal, as zeros often
// are, normal scores alone would vary little, and the column would count little in a loss.
func rescale(to, from, percentiles []float64) {
	var m moments
	for _, p := range percentiles {
		m.add(interpolate(from, to, p))
	}
	for i := range to {
		to[i] = (to[i] - m.mean) / m.stdDev()
	}
}

// normalScore is the standard normal's quantile function, √2·erf⁻¹(2p − 1).
func normalScore(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// Forward normalises v, within ±10.
func (t Transform) Forward(v float64) float32 {
	z := (v - t.mean) / t.scale
	if t.from != nil {
		z = t.score(v)
	}
	return float32(min(max(z, -clip), clip))
}

func (t Transform) score(v float64) float64 {
	last := len(t.from) - 1
	switch {
	case v < t.from[0]:
		return t.to[0] - math.Log1p((t.from[0]-v)/t.low)
	case v > t.from[last]:
		return t.to[last] + math.Log1p((v-t.from[last])/t.high)
	}
	return interpolate(t.from, t.to, v)
}

// Inverse is the value that is normalised to z, within the range of the training data.
func (t Transform) Inverse(z float32) float64 {
	v := float64(z)*t.scale + t.mean
	if t.from != nil {
		v = t.value(float64(z))
	}
	return min(max(v, t.min), t.max)
}

func (t Transform) value(z float64) float64 {
	last := len(t.to) - 1
	switch {
	case z < t.to[0]:
		return t.from[0] - t.low*math.Expm1(t.to[0]-z)
	case z > t.to[last]:
		return t.from[last] + t.high*math.Expm1(z-t.to[last])
	}
	return interpolate(t.to, t.from, z)
}

// interpolate is the piecewise linear function through the knots, for v between the first and the last.
func interpolate(from, to []float64, v float64) float64 {
	i := max(sort.SearchFloat64s(from, v), 1)
	slope := (to[i] - to[i-1]) / (from[i] - from[i-1])
	return to[i-1] + (v-from[i-1])*slope
}
