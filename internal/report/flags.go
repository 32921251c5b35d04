package report

import (
	"github.com/trueup/trueup/domain/tenant"
)

// Flags lists the flags that are raised: of a payee, an account and a period
// where the filter names them.
func Flags(src Source, f Filter) ([]Flag, error) {
	out := []Flag{}
	err := src.AllFlags(func(fl tenant.Flag) error {
		if (f.Payee == "" || fl.Payee == f.Payee) && (f.Account == "" || fl.Account == f.Account) && (f.Period == nil || fl.Period == *f.Period) {
			out = append(out, FlagOf(fl))
		}
		return nil
	})
	return out, err
}

// flags lists flags, with since saying for how long each is raised.
func (p *printer) flags(indent string, flags []Flag, since bool) {
	if len(flags) == 0 {
		p.line(indent + "No flags are raised.")
		return
	}
	g := newGrid(indent, "FLAG", "PAYEE", "ACCOUNT", "PERIOD", "FIGURE", "THRESHOLD", "SINCE")
	for _, f := range flags {
		if !since {
			f.Since = ""
		}
		g.row(f.Flag, f.PayeeID, f.AccountID, f.Period, f.Figure, f.Threshold, f.Since)
	}
	g.writeTo(p)
}

var flagColumns = []string{"flag", "payee_id", "account_id", "period", "figure", "threshold", "since"}

func flagRow(f Flag) []string {
	return texts(f.Flag, f.PayeeID, f.AccountID, f.Period, f.Figure, f.Threshold, f.Since)
}
