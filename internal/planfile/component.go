package planfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// kinds are the kinds of component and the fields each has beside id and kind.
// A table of a few rows: what else a field needs is said where it is read.
var kinds = []struct {
	kind   string
	fields []string
	read   func(*fields, *plan.Component)
}{
	{plan.Retention, []string{"weight", "window", "floor", "target", "stretch", "multiplier", "curve"}, readRetention},
	{plan.NetRetention, []string{"weight", "window", "floor", "target", "stretch", "multiplier", "curve"}, readRetention},
	{plan.Expansion, []string{"weight", "target", "basis", "rate", "table", "tiers", "tier_mode", "window"}, readExpansion},
	{plan.Sourcing, []string{"rate"}, readSourcing},
	{plan.Objectives, []string{"weight", "objectives"}, readObjectives},
	{plan.Health, []string{"weight", "target"}, readHealth},
	{plan.Spif, []string{"table"}, readSpif},
}

func readComponents(v value, into *[]plan.Component) {
	v.note(filled)
	items, _ := v.items()
	for _, item := range items {
		var c plan.Component
		readComponent(item, &c)
		*into = append(*into, c)
	}
}

// readComponent reads what the kind has. Of a component whose kind is not
// known only the names of the fields are looked at.
func readComponent(v value, c *plan.Component) {
	f := v.mapping()
	if !f.ok {
		return
	}
	word(f.need("id"), &c.ID)
	var names []string
	for _, k := range kinds {
		names = append(names, k.kind)
	}
	choice(f.need("kind"), &c.Kind, names...)
	if f.shape != nil {
		f.shapeOfKinds()
		return
	}
	for _, k := range kinds {
		if k.kind == c.Kind {
			k.read(f, c)
		} else if c.Kind == "" {
			for _, field := range k.fields {
				f.at(field)
			}
		}
	}
	f.close(func(key string) string {
		var with []string
		for _, k := range kinds {
			if slices.Contains(k.fields, key) {
				with = append(with, k.kind)
			}
		}
		if with == nil {
			return ""
		}
		return fmt.Sprintf("does not go with kind %s; it goes with kind %s", c.Kind, strings.Join(with, ", "))
	})
}

// readWeight leaves nil where there is none: plan.Check says whether one is needed.
func readWeight(f *fields, c *plan.Component) {
	v := f.at("weight")
	if v.node == nil && v.shape == nil {
		return
	}
	weight := percent(0)
	v.share(&weight)
	c.Weight = &weight
}

func readRetention(f *fields, c *plan.Component) {
	c.Window, c.Curve = "ttm", "prorata"
	c.Floor, c.Target, c.Stretch = percent(90), percent(95), percent(98)
	c.Multiplier = plan.Multiplier{BelowFloor: tenths(5), AtTarget: money.One, AtStretch: tenths(15)}
	readWeight(f, c)
	choice(f.at("window"), &c.Window, "ttm", "ytd", "quarter")
	f.at("floor").percent(&c.Floor)
	f.at("target").percent(&c.Target)
	f.at("stretch").percent(&c.Stretch)
	m := f.at("multiplier").mapping()
	m.at("below_floor").decimal(&c.Multiplier.BelowFloor)
	m.at("at_target").decimal(&c.Multiplier.AtTarget)
	m.at("at_stretch").decimal(&c.Multiplier.AtStretch)
	m.close(nil)
	choice(f.at("curve"), &c.Curve, "prorata", "flat", "ramp")
}

// bases are how an expansion is paid and the fields each has alone.
var bases = []struct {
	basis  string
	fields []string
	read   func(*fields, *plan.Component)
}{
	{"pool", []string{"weight", "target"}, func(f *fields, c *plan.Component) { readWeight(f, c); readTarget(f.at("target"), c) }},
	{"mrr", []string{"rate"}, readSourcing},
	{"fixed", []string{"table"}, readSpif},
}

func basisNames() []string {
	var names []string
	for _, b := range bases {
		names = append(names, b.basis)
	}
	return names
}

// readExpansion reads what goes with the basis; where the basis is wrong, the
// fields that depend on it are only known, not judged.
func readExpansion(f *fields, c *plan.Component) {
	c.Basis, c.TierMode, c.Window, c.Tiers = "pool", "marginal", "quarter", defaultTiers()
	basis := f.at("basis")
	choice(basis, &c.Basis, basisNames()...)
	for _, b := range bases {
		for _, key := range b.fields {
			if v := f.at(key); v.node != nil && b.basis != c.Basis && !f.d.bad[basis.path] {
				f.d.rejectf(v.path, "does not go with basis %s; it goes with basis %s", c.Basis, b.basis)
			}
		}
	}
	for _, b := range bases {
		if f.shape != nil || b.basis == c.Basis && !f.d.bad[basis.path] {
			b.read(f, c)
		}
	}
	f.shapeOfBases()
	readTiers(f.at("tiers"), c)
	choice(f.at("tier_mode"), &c.TierMode, "marginal", "retroactive")
	choice(f.at("window"), &c.Window, "quarter", "ytd")
}

// readTarget reads one of the two forms of an expansion target.
func readTarget(v value, c *plan.Component) {
	f := v.mapping()
	arr, share := f.at("annual_arr"), f.at("percent_of_book")
	switch {
	case v.shape != nil:
		arr.amount(&money.Money{})
		share.percent(&money.Ratio{})
		v.shape.exactlyOne("annual_arr", "percent_of_book")
	case arr.node != nil && share.node != nil:
		v.d.rejectf(v.path, "has both annual_arr and percent_of_book; give one")
	case share.node != nil:
		c.PercentOfBook = &money.Ratio{Num: 0, Den: 1}
		share.percent(c.PercentOfBook)
	case v.node == nil || arr.node != nil:
		annual := major("600000", v.d.unit())
		arr.amount(&annual)
		c.AnnualARR = &annual
	default:
		v.d.rejectf(v.path, "is empty: give annual_arr or percent_of_book, or leave target out")
	}
	f.close(nil)
}

func readTiers(v value, c *plan.Component) {
	v.note(filled)
	items, ok := v.items()
	if !ok {
		return
	}
	c.Tiers = nil
	for _, item := range items {
		t := plan.Tier{From: percent(0), Rate: percent(0)}
		if f := item.mapping(); f.ok {
			f.need("from").percent(&t.From)
			f.need("rate").decimal(&t.Rate)
			f.close(nil)
		}
		c.Tiers = append(c.Tiers, t)
	}
	if len(items) == 0 {
		v.d.rejectf(v.path, "is empty: the first tier starts at 0%%")
	}
}

func readTable(v value, c *plan.Component) {
	v.note(filled)
	c.Table = defaultTable(v.d.unit())
	items, ok := v.items()
	if !ok {
		return
	}
	c.Table = nil
	for _, item := range items {
		zero := money.Money{Currency: v.d.currency}
		row := plan.Amount{From: zero, Amount: zero}
		if f := item.mapping(); f.ok {
			f.need("from").amount(&row.From)
			f.need("amount").amount(&row.Amount)
			f.close(nil)
		}
		c.Table = append(c.Table, row)
	}
	if len(items) == 0 {
		v.d.rejectf(v.path, "is empty: nothing would be paid")
	}
}

func readSourcing(f *fields, c *plan.Component) {
	c.Rate = percent(15)
	f.at("rate").percent(&c.Rate)
}

func readSpif(f *fields, c *plan.Component) { readTable(f.at("table"), c) }

func readHealth(f *fields, c *plan.Component) {
	readWeight(f, c)
	c.Target = money.One
	f.need("target").percent(&c.Target)
}

func readObjectives(f *fields, c *plan.Component) {
	readWeight(f, c)
	c.Objectives = defaultObjectives()
	v := f.at("objectives")
	v.note(filled)
	items, ok := v.items()
	if !ok {
		return
	}
	c.Objectives = nil
	for _, item := range items {
		var o plan.Objective
		readObjective(item, &o)
		c.Objectives = append(c.Objectives, o)
	}
	if len(items) == 0 {
		v.d.rejectf(v.path, "is empty: its weight would pay for nothing")
	}
}

func readObjective(v value, o *plan.Objective) {
	o.Weight, o.Target = percent(0), money.One
	f := v.mapping()
	if !f.ok {
		return
	}
	word(f.need("id"), &o.ID)
	f.need("weight").share(&o.Weight)
	target := f.need("target")
	target.note(targetShape)
	if s, ok := target.text("a percentage such as 100% or a number such as 3"); ok {
		if o.Percent = strings.HasSuffix(s, "%"); o.Percent {
			target.percent(&o.Target)
		} else {
			target.decimal(&o.Target)
		}
	}
	f.close(nil)
}
