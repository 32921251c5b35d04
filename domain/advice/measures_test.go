package advice_test

import (
	"slices"
	"testing"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/advice"
)

func TestFigures(t *testing.T) {
	for _, tt := range []struct {
		name string
		m    account.Measures
		want []advice.Figure
	}{
		{"nothing to measure", account.Measures{}, nil},
		{"nps", account.Measures{Promoters: 5, Detractors: 2, NPSAnswers: 9}, []advice.Figure{{"nps", "33.3", "points"}}},
		{"nps below nothing", account.Measures{Promoters: 1, Detractors: 3, NPSAnswers: 4}, []advice.Figure{{"nps", "-50.0", "points"}}},
		{"nps a little below nothing", account.Measures{Detractors: 1, NPSAnswers: 4000}, []advice.Figure{{"nps", "0.0", "points"}}},
		{"csat", account.Measures{CSATMillionths: 12_500_000, CSATAnswers: 3}, []advice.Figure{{"csat", "4.17", "points"}}},
		{"adoption", account.Measures{AdoptedARR: 2, MeasuredARR: 3}, []advice.Figure{{"adoption", "66.7", "%"}}},
		{"half rounds away", account.Measures{AdoptedARR: 25, MeasuredARR: 10000}, []advice.Figure{{"adoption", "0.3", "%"}}},
		{"the median of three", account.Measures{OnboardingDays: []int{30, 90, 10}}, []advice.Figure{{"time_to_value", "30.0", "days"}}},
		{"of four the mean of both middles", account.Measures{OnboardingDays: []int{31, 90, 10, 30}}, []advice.Figure{{"time_to_value", "30.5", "days"}}},
		{"none took a day", account.Measures{OnboardingDays: []int{0}}, []advice.Figure{{"time_to_value", "0.0", "days"}}},
		{
			"the quarter alone",
			account.Measures{Quarter: account.Retention{Opening: 1000, Gross: 985, Net: 1100, Logos: 8, Lost: 1}},
			[]advice.Figure{{"grr", "98.5", "%"}, {"nrr", "110.0", "%"}, {"logo_churn", "12.5", "%"}, {"revenue_churn", "1.5", "%"}},
		},
		{"reviews", account.Measures{ReviewScope: 3, ReviewsDone: 2}, []advice.Figure{{"review_coverage", "66.7", "%"}}},
		{"weeks", account.Measures{WeeksOwned: 12, WeeksScored: 12}, []advice.Figure{{"health_coverage", "100.0", "%"}}},
		{"contacts", account.Measures{Accounts: 3, Contacts: 8}, []advice.Figure{{"contacts_per_account", "2.7", "contacts"}}},
		{"episodes", account.Measures{EpisodesDue: 2, EpisodesMet: 1}, []advice.Figure{{"risk_response", "50.0", "%"}}},
		{"response", account.Measures{ResponseSeconds: []int64{7200, 0, 5400}}, []advice.Figure{{"escalation_response", "1.5", "hours"}}},
		{"forecasts", account.Measures{TermEnds: 4, Forecasts: 3, ForecastsRight: 1}, []advice.Figure{{"forecast_accuracy", "25.0", "%"}}},
		{"no forecast", account.Measures{TermEnds: 4}, []advice.Figure{{"forecast_accuracy", "0.0", "%"}}},
		{
			"mix",
			account.Measures{Glance: account.Glance{ARR: 1000_00, AtRiskARR: 125_00}, Mix: []account.Segment{{AtRisk: 1, AtRiskARR: 125_00}, {Name: "smb", HealthyARR: 800_00, Rest: 75_00}}},
			[]advice.Figure{
				{"at_risk", "12.5", "%"},
				{"mix.unsegmented.healthy", "0.00", "USD"},
				{"mix.unsegmented.at_risk", "125.00", "USD"},
				{"mix.unsegmented.unscored", "0.00", "USD"},
				{"mix.smb.healthy", "800.00", "USD"},
				{"mix.smb.at_risk", "0.00", "USD"},
				{"mix.smb.unscored", "75.00", "USD"},
			},
		},
		{"pipeline", account.Measures{Glance: account.Glance{Leads: 2}, Pipeline: []account.Stage{{Leads: 1}, {Name: "qualified", Leads: 1, ARR: 24000_00}}}, []advice.Figure{{"pipeline.unnamed", "0.00", "USD"}, {"pipeline.qualified", "24000.00", "USD"}}},
	} {
		if got := advice.Figures(tt.m, "USD"); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A median does not sort what it was given.
func TestFiguresChangeNothing(t *testing.T) {
	m := account.Measures{OnboardingDays: []int{3, 1, 2}, ResponseSeconds: []int64{3, 1, 2}}
	advice.Figures(m, "USD")
	if !slices.Equal(m.OnboardingDays, []int{3, 1, 2}) || !slices.Equal(m.ResponseSeconds, []int64{3, 1, 2}) {
		t.Errorf("Figures left %+v", m)
	}
}
