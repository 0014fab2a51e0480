package program

// GatherSum is Y[l] = Σ Scale_k[l]·Source_k[Index_k[l]] over its terms, rows of D values. An index of −1 leaves a term
// out, and a term without Scale counts once.
//
// It is how tokens are made (embedding tables, values times a column's vector, positions), how visible tokens meet mask
// tokens before the decoder, and how some tokens are picked from all.
type GatherSum struct {
	Terms []GatherTerm
	Y     Tensor
}

// GatherTerm is one term of a GatherSum. Source is a parameter or an activation [M, D]; Index an integer input over the
// axis of Y; Scale None or a float input [axis, 1].
type GatherTerm struct{ Source, Index, Scale Tensor }

// GatherSum records a sum of gathered rows over the axis of the terms' indices.
func (b *Builder) GatherSum(name string, terms ...GatherTerm) Tensor {
	axis, width := b.info(terms[0].Index).Axis, b.info(terms[0].Source).Width
	for _, t := range terms {
		b.require(b.info(t.Index).Role == IntInput && b.info(t.Index).Axis == axis, "%s: index %s over another axis", name, b.info(t.Index).Name)
		b.require(b.info(t.Source).Width == width, "%s: source %s has another width", name, b.info(t.Source).Name)
		b.require(t.Scale == None || b.info(t.Scale).Axis == axis && b.info(t.Scale).Width == 1, "%s: scale of another shape", name)
	}
	op := &GatherSum{Terms: terms, Y: b.activation(name, axis, width)}
	b.record(op)
	return op.Y
}

func (o *GatherSum) Reads() []Tensor  { return termTensors(o.Terms) }
func (o *GatherSum) Writes() []Tensor { return []Tensor{o.Y} }

func termTensors(terms []GatherTerm) []Tensor {
	var ts []Tensor
	for _, t := range terms {
		ts = append(ts, present(t.Source, t.Index, t.Scale)...)
	}
	return ts
}

// Each source's row i gets Σ Scale[l]·dY[l] over the l that picked it.
func (o *GatherSum) backward(g *gradients) {
	dy, ok := g.output(o.Y)
	if !ok {
		return
	}
	for _, t := range o.Terms {
		if g.p.Tensors[t.Source].Role == Weight {
			if g.p.Parameter(t.Source).Init == Grid {
				continue
			}
			g.emit(&ScatterAdd{DY: dy, Index: t.Index, Scale: t.Scale, Weight: t.Source, DX: None})
		} else if dx, accumulate := g.into(t.Source); dx != None {
			g.emit(&ScatterAdd{DY: dy, Index: t.Index, Scale: t.Scale, Weight: None, DX: dx, Accumulate: accumulate})
		}
	}
}

// ScatterAdd adds Scale[l]·DY[l] to row Index[l] of a parameter's gradient (Weight) or of DX, in ascending l. DX is
// cleared first unless Accumulate.
type ScatterAdd struct {
	DY, Index, Scale, Weight, DX Tensor
	Accumulate                   bool
}

func (o *ScatterAdd) Reads() []Tensor {
	if o.Accumulate {
		return present(o.DY, o.Index, o.Scale, o.DX)
	}
	return present(o.DY, o.Index, o.Scale)
}
func (o *ScatterAdd) Writes() []Tensor      { return present(o.DX) }
func (o *ScatterAdd) backward(g *gradients) {}
