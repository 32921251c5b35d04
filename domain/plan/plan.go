// Package plan has a compensation plan: one immutable version of the rules a
// payee is paid by, with every number and every choice a field.
package plan

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Plan is one version of a plan, as in the plan file. Amounts are in Currency.
type Plan struct {
	Name          event.PlanID
	Version       int
	EffectiveFrom civil.Date
	Zone          *time.Location
	Currency      money.Currency
	Ownership     string
	AppliesTo     AppliesTo
	Variable      money.Money // a year's variable pay
	Periods       Periods
	LedgerStarts  *civil.Date
	Proration     string // ProrateDays or ProrateNone
	Components    []Component
	Crediting     Crediting
	Gates         Gates
	Payability    Payability
	Clawback      Clawback
	SLA           SLA
	Evidence      Evidence
	Exceptions    Exceptions
	Flags         Flags

	// Hash is the SHA-256 of the plan's canonical form, set by whoever decoded it.
	Hash [32]byte
}

// ID is the version's name for people and entries: three-pool-mid-market@1.
func (p *Plan) ID() string { return string(p.Name) + "@" + itoa(p.Version) }

// AppliesTo says whose plan this is where an enrolment names none. Empty
// lists mean anybody.
type AppliesTo struct {
	Roles    []event.Role
	Segments []string
}

// Periods says how years are cut and when a quarter locks by itself.
type Periods struct {
	Kind          string // quarter
	Calendar      civil.Calendar
	LockAfterDays int
}

// Kinds of component.
const (
	Retention    = "retention"
	NetRetention = "net_retention"
	Expansion    = "expansion"
	Sourcing     = "sourcing"
	Objectives   = "objectives"
	Health       = "health"
	Spif         = "spif"
)

// Component is one paid measure. Which fields count depends on Kind; the
// others are zero.
type Component struct {
	ID     string
	Kind   string
	Weight *money.Ratio // of the variable; nil where the component has none
	Window string       // quarter ytd ttm

	// retention, net_retention
	Floor, Target, Stretch money.Ratio // health: Target alone
	Multiplier             Multiplier
	Curve                  string // prorata flat ramp

	// expansion, sourcing, spif
	AnnualARR     *money.Money // expansion target; nil where PercentOfBook is set
	PercentOfBook *money.Ratio
	Basis         string // pool mrr fixed
	Rate          money.Ratio
	Tiers         []Tier
	TierMode      string // marginal retroactive
	Table         []Amount

	Objectives []Objective
}

// Multiplier is what a retention pool is multiplied by at the edges.
type Multiplier struct{ BelowFloor, AtTarget, AtStretch money.Ratio }

// Tier is an accelerator's rate from an attainment on, that attainment included.
type Tier struct{ From, Rate money.Ratio }

// Amount is a fixed amount from an ARR on.
type Amount struct{ From, Amount money.Money }

// Objective is one part of an objectives component.
type Objective struct {
	ID      string
	Weight  money.Ratio
	Target  money.Ratio
	Percent bool // Target was written with a % sign
}

// Crediting says whose ARR a deal is.
type Crediting struct {
	Mode         string // split dual pipeline pod spif
	Bands        []Band // ascending, without gaps
	SlicingDays  int
	HandoffAbove money.Money
}

// Band is a size of deal: up to Edge (Edge itself only where Inclusive), or
// everything above the bands before where Edge is nil.
type Band struct {
	Edge      *money.Money
	Inclusive bool
	CSM, AE   money.Ratio
}

// Gates are conditions that stop pay.
type Gates struct {
	HealthMin      money.Ratio // of 100
	HealthMissing  string      // hold pass fail
	ReviewsAtLeast money.Ratio
}

// Payability says when an earning may be paid.
type Payability struct {
	Renewal     string // hold advance off
	Release     string // all surviving_arr
	GraceDays   int
	Cash        string // off invoice_paid
	Termination string // keep forfeit
}

// Clawback says what is taken back and when.
type Clawback struct {
	WindowDays  int
	ChurnDate   string // effective notice earlier_of
	Contraction string // proportional_lifo ignore full
	Basis       string // recompute as_paid
	RecoveryCap money.Ratio
}

// SLA has the clocks.
type SLA struct {
	Risk                RiskClock
	Dispute             DisputeClock
	RenewalWindowDays   int
	ExpansionReviewDays []int
	Business            Business
}

// RiskClock runs from a low score to an intervention.
type RiskClock struct {
	Below       money.Ratio // of 100
	Hours, Warn int
	Clock       string // elapsed business
}

// DisputeClock runs from a dispute's opening to its decision.
type DisputeClock struct {
	Hours, Warn int
	Clock       string
	DecidedBy   string
}

// Business is a calendar of working time.
type Business struct {
	Days     []time.Weekday
	From, To string // HH:MM
	Holidays []civil.Date
}

// Evidence says whose statements count: crm, billing or any.
type Evidence struct{ Renewal, Churn, Expansion string }

// Exceptions says who may approve one.
type Exceptions struct{ ApprovedBy []string }

// Flags has the thresholds of advice.
type Flags struct {
	PortfolioLarge, PortfolioTooLarge int
	HandoffBroken                     money.Ratio
}

// Component is the first component of a kind, or nil.
func (p *Plan) Component(kind string) *Component {
	for i := range p.Components {
		if p.Components[i].Kind == kind {
			return &p.Components[i]
		}
	}
	return nil
}

// Covers reports whether the plan is for a role and segment.
func (a AppliesTo) Covers(role event.Role, segment string) bool {
	return (len(a.Roles) == 0 || slices.Contains(a.Roles, role)) &&
		(len(a.Segments) == 0 || slices.Contains(a.Segments, segment))
}

// BandOf is the band a deal of an incremental ARR falls into, whole deal not
// slices. Source: rules §4 "Bands".
func (c *Crediting) BandOf(arr money.Money) Band {
	for _, b := range c.Bands {
		if b.Edge == nil || arr.Minor < b.Edge.Minor || b.Inclusive && arr.Minor == b.Edge.Minor {
			return b
		}
	}
	return Band{CSM: money.Ratio{Num: 0, Den: 1}, AE: money.Ratio{Num: 0, Den: 1}}
}
