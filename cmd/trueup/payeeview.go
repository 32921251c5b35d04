package main

import (
	"context"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

// PayeeView implements report.Reader.
func (r fileReader) PayeeView(_ context.Context, f report.Filter) (out *report.PayeeView, err error) {
	err = r.store.View(func(v *store.View) error {
		out, err = report.BuildPayeeView(r.setting(v), source{v}, f)
		return err
	})
	return out, err
}
