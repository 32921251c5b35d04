package planfile

import (
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func readCrediting(v value, c *plan.Crediting) {
	f := v.mapping()
	choice(f.at("mode"), &c.Mode, "split", "dual", "pipeline", "pod", "spif")
	readBands(f.at("bands"), c)
	f.at("slicing_days").whole(&c.SlicingDays, 0, maxDays)
	f.at("handoff_above").amount(&c.HandoffAbove)
	f.close(nil)
}

// bands is the list of bands as it is read, lowest first. below X is [.., X),
// up_to X is [.., X], and the last is above X for the X the band before it
// ends with.
type bands struct {
	d         *decoder
	read      []plan.Band
	last      bool // the one being read is the last
	edgeSound bool // of the band before
	allSound  bool
}

// readBands reads all bands. Where an edge is wrong the edges are numbered
// through, so that plan.Check still judges the shares.
func readBands(v value, c *plan.Crediting) {
	items, ok := v.items()
	if !ok {
		return
	}
	bs := bands{d: v.d, allSound: true}
	for i, item := range items {
		bs.last = i+1 == len(items)
		bs.add(item)
	}
	c.Bands = bs.read
	if bs.allSound {
		return
	}
	for i := range c.Bands {
		c.Bands[i].Edge = &money.Money{Minor: int64(i + 1), Currency: v.d.currency}
	}
	c.Bands[len(c.Bands)-1].Edge = nil
}

func (bs *bands) add(v value) {
	b := plan.Band{CSM: percent(0), AE: percent(0)}
	f := v.mapping()
	sound := f.ok && bs.edge(f, &b)
	if f.ok {
		f.at("csm").share(&b.CSM)
		f.at("ae").share(&b.AE)
		f.close(nil)
	}
	bs.read = append(bs.read, b)
	bs.edgeSound, bs.allSound = sound, bs.allSound && sound
}

// edges are the ways to write a band's edge; a band has one.
var edges = []string{"below", "up_to", "above"}

// edge reads below, up_to or above, and reports whether it is sound.
func (bs *bands) edge(f *fields, b *plan.Band) bool {
	if f.shape != nil {
		for _, key := range edges {
			f.at(key).amount(&money.Money{})
		}
		f.shape.exactlyOne(edges...)
		return true
	}
	given := 0
	for _, key := range edges {
		if f.at(key).node != nil {
			given++
		}
	}
	if given != 1 {
		bs.d.rejectf(f.path, "has %d of below, up_to and above; a band has one", given)
		return false
	}
	if f.has("above") {
		return bs.above(f.at("above"))
	}
	v := f.at("below")
	if b.Inclusive = f.has("up_to"); b.Inclusive {
		v = f.at("up_to")
	}
	b.Edge = &money.Money{Currency: bs.d.currency}
	v.amount(b.Edge)
	switch {
	case bs.d.bad[v.path]:
	case b.Edge.Minor == 0:
		bs.d.rejectf(v.path, "%s is not above zero", v.node.Value)
	case bs.last:
		bs.d.rejectf(v.path, "the last band must be open above: write above: with the edge of the band before it")
	default:
		return true
	}
	return false
}

// above reads the edge of the open band, which adds nothing to the band before
// it but must agree with it. A single band is above 0.00.
func (bs *bands) above(v value) bool {
	edge := money.Money{Currency: bs.d.currency}
	v.amount(&edge)
	switch {
	case bs.d.bad[v.path]:
	case !bs.last:
		bs.d.rejectf(v.path, "only the last band can be open above")
	case len(bs.read) == 0 && edge.Minor != 0:
		bs.d.rejectf(v.path, "a deal of %s or less is in no band: a single band is above %s", edge.Decimal(), major("0", edge.Currency).Decimal())
	case len(bs.read) == 0:
		return true
	case !bs.edgeSound: // reported there
	default:
		return bs.meets(v, edge)
	}
	return false
}

// meets reports whether the open band starts where the band before it ends.
func (bs *bands) meets(v value, edge money.Money) bool {
	before := bs.read[len(bs.read)-1]
	switch {
	case *before.Edge != edge:
		bs.d.rejectf(v.path, "%s is not the edge %s of the band before it", edge.Decimal(), before.Edge.Decimal())
	case !before.Inclusive:
		bs.d.rejectf(v.path, "a deal of exactly %s is in no band: write up_to: %s in the band before it", edge.Decimal(), edge.Decimal())
	default:
		return true
	}
	return false
}
