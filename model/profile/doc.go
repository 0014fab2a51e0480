// Package profile is what one streaming pass over a dataset learns of each column: how it is read (numeric, categorical,
// boolean, time, id, text, constant), its moments and quantiles, its categories with counts, its nulls; and from that,
// how numbers are normalised. It is saved with a model as profile.json.
//
// It may import model/random and Arrow. Its one law: a profile doesn't depend on how the rows were cut into batches.
//
// Read profile.go, then builder.go; reading.go holds the rules, values.go how cells of any Arrow type become numbers or
// text, transform.go how numbers are normalised.
package profile
