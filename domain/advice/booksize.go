package advice

import (
	"strconv"
	"strings"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// A manager has this many CSMs. Source: rules §12 [004].
const fewestReports, mostReports = 6, 8

// bookRange is what a CSM's book in a segment should come to, in major units;
// false for a segment without one. Source: rules §12 [004].
func bookRange(segment string) (least, most int64, known bool) {
	switch letters(segment) {
	case "smb":
		return 1_000_000, 3_000_000, true
	case "midmarket":
		return 3_000_000, 8_000_000, true
	case "enterprise":
		return 5_000_000, 15_000_000, true
	case "strategic":
		return 15_000_000, 50_000_000, true
	}
	return 0, 0, false
}

// letters is a name without what spellings differ in: mid_market and
// Mid-Market are one.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// bookSize is raised where a CSM's ARR, or a manager's number of CSMs, is
// outside the range of the role. An empty book has no size.
//
// Source: rules §12 [004].
// Units: major units of the plan's currency; CSMs. Both ends of a range are inside.
// Rounding: none.
func bookSize(in *PayeeFigures) (Flag, bool) {
	switch in.Role {
	case event.Manager:
		if in.Reports >= fewestReports && in.Reports <= mostReports {
			return Flag{}, false
		}
		return Flag{Name: BookSize, Figure: strconv.Itoa(in.Reports), Threshold: strconv.Itoa(fewestReports) + "–" + strconv.Itoa(mostReports)}, true
	case event.CSM:
	case event.AE, event.RenewalManager:
		return Flag{}, false
	}
	least, most, known := bookRange(in.Segment)
	if !known || in.Book.ARR == 0 {
		return Flag{}, false
	}
	low, errLow := money.Major(least, in.Currency)
	high, errHigh := money.Major(most, in.Currency)
	if errLow != nil || errHigh != nil || in.Book.ARR >= low.Minor && in.Book.ARR <= high.Minor { // or a currency that is not one
		return Flag{}, false
	}
	return Flag{
		Name: BookSize, Figure: money.Money{Minor: in.Book.ARR, Currency: in.Currency}.Decimal(), Threshold: low.Decimal() + "–" + high.Decimal(),
	}, true
}
