package model

import "math"

// schedule is the learning rate over the steps of a training: a linear warm-up, then a half cosine down to zero.
// Loshchilov and Hutter, "SGDR" (2017), without restarts.
type schedule struct {
	peak          float64
	warmup, total int // steps
}

// at returns the learning rate of step i, from 0.
func (s schedule) at(i int) float64 {
	if i < s.warmup {
		return s.peak * float64(i+1) / float64(s.warmup)
	}
	progress := float64(i-s.warmup) / float64(max(s.total-s.warmup, 1))
	return s.peak * 0.5 * (1 + math.Cos(math.Pi*min(progress, 1)))
}
