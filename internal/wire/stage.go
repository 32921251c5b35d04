package wire

import (
	"maps"
	"slices"

	"github.com/trueup/trueup/domain/event"
)

// stageKinds are the kinds of opportunity that opportunity.stage_changed tells
// of, each an event of its own.
var stageKinds = []string{"expansion", "renewal"}

var readExpansion, readRenewal = reader(expansionStage), reader(renewalStage)

// stageChanged reads either kind.
func stageChanged(f *form) event.Event {
	if i := f.doc.child(f.at, "kind"); i != none && string(f.doc.nodes[i].text) == "renewal" {
		return readRenewal(f)
	}
	return readExpansion(f)
}

// writeStage writes either kind.
func writeStage(f *form, e event.Event) bool {
	return write(f, e, expansionStage) || write(f, e, renewalStage)
}

func expansionStage(f *form, e *event.ExpansionStage) {
	f.header(&e.Header)
	stage(f, "expansion", &e.Opportunity, &e.Account, &e.Stage, &e.Previous)
	if e.Stage.Won() {
		f.amount("incremental_arr", &e.ARR, may, aboveZero)
		f.asked("incremental_arr", e.ARR.Currency != "", "a won expansion needs it")
	} else {
		f.amount("incremental_arr", &e.ARR, may, notNegative)
	}
	oneOf(f, "expansion_kind", &e.Kind, may, expansionKinds)
	dealPeople(f, &e.Deal)
	if f.told != nil {
		f.rule(stageKind("expansion", "arr", "term_start", "term_end"))
		f.rule(stageNeeds("expansion", wonStages, Shape{"incremental_arr": refer(formOfMoney[aboveZero])}))
	}
	if f.reading {
		e.ClosedAt = e.Time
	} else if !e.ClosedAt.Equal(e.Time) {
		f.fail(BadDate, "closed_at", "is not sent: it is the event's time")
	}
}

// renewalStage takes an expansion's people and flags too, which a CRM may send
// with every opportunity, and does not keep them: they mean nothing here.
func renewalStage(f *form, e *event.RenewalStage) {
	f.header(&e.Header)
	stage(f, "renewal", &e.Opportunity, &e.Account, &e.Stage, &e.Previous)
	f.amount("arr", &e.Term.ARR, may, notNegative)
	term(f, &e.Term, may)
	switch won, lost := e.Stage.Won(), e.Stage.Lost(); {
	case won:
		f.asked("arr", e.Term.ARR.Currency != "", "a won renewal needs it")
		f.asked("term_start", e.Term.Start != 0, "a won renewal needs it")
		f.asked("term_end", e.Term.End != 0, "a won renewal needs it")
	case lost:
		f.asked("term_end", e.Term.Start != 0 || e.Term.End != 0, "a lost renewal needs it, or term_start")
	}
	if f.told != nil {
		f.rule(stageKind("renewal", "incremental_arr"))
		f.rule(stageNeeds("renewal", wonStages, Shape{"arr": present, "term_start": present, "term_end": present}))
		f.rule(stageNeedsEither("renewal", lostStages, "term_start", "term_end"))
	}
	if f.reading {
		written := len(f.out)
		var ignored event.Deal
		oneOf(f, "expansion_kind", &ignored.Kind, may, expansionKinds)
		dealPeople(f, &ignored)
		f.out = f.out[:written]
	}
}

func stage(f *form, kind string, opp *event.OpportunityID, acct *event.AccountID, now, before *event.Stage) {
	f.of = " of kind " + kind
	id(f, "opportunity_id", opp, must)
	id(f, "account_id", acct, must)
	oneOf(f, "kind", &kind, must, stageKinds)
	id(f, "stage", now, must)
	id(f, "previous_stage", before, may)
}

// asked fails where a field is absent that the stage asks for.
func (f *form) asked(field string, present bool, why string) {
	if !present && f.err == nil {
		f.missing(field, why)
	}
}

// What a stage is that an opportunity is won or lost at, and a field that is
// there and not null.
var (
	wonStages  = Shape{"pattern": stagePattern("closedwon", "won")}
	lostStages = Shape{"pattern": stagePattern("closedlost", "lost")}
	present    = Shape{"type": []string{"string", "object"}}
)

// tellStage tells of both kinds.
func tellStage(f *form) {
	expansionStage(f, new(event.ExpansionStage))
	renewalStage(f, new(event.RenewalStage))
}

// stageKind is the rule that a kind of opportunity has none of some fields.
func stageKind(kind string, not ...string) Shape {
	none := Shape{}
	for _, field := range not {
		none[field] = false
	}
	return where("kind", Shape{"const": kind}, none)
}

// stageNeeds is the rule that a kind of opportunity has some fields at a stage.
func stageNeeds(kind string, at, fields Shape) Shape {
	then := Shape{"properties": fields, "required": slices.Sorted(maps.Keys(fields))}
	return Shape{"if": atStage(kind, at), "then": then}
}

// stageNeedsEither is stageNeeds for one of two fields.
func stageNeedsEither(kind string, at Shape, one, other string) Shape {
	has := func(field string) Shape {
		return Shape{"properties": Shape{field: present}, "required": []string{field}}
	}
	return Shape{"if": atStage(kind, at), "then": Shape{"anyOf": []Shape{has(one), has(other)}}}
}

func atStage(kind string, at Shape) Shape {
	return Shape{"properties": Shape{"kind": Shape{"const": kind}, "stage": at}, "required": []string{"kind", "stage"}}
}
