package model

import "errors"

// What a caller may want to tell apart. All of them mean that the job, the schema or the data is wrong.
var (
	// ErrNoColumns: too few columns of the data can be modelled.
	ErrNoColumns = errors.New("nothing to learn from")
	// ErrColumns: the data's columns are not those the model was made for.
	ErrColumns = errors.New("the data does not fit the model")
	// ErrModel: a model directory's files are damaged or don't belong together.
	ErrModel = errors.New("the model can't be read")
	// ErrDiverged: training produced a loss that is not a number.
	ErrDiverged = errors.New("training diverged")
)
