package wire

import "github.com/trueup/trueup/domain/event"

var (
	roles      = []event.Role{event.CSM, event.AE, event.RenewalManager, event.Manager}
	ownerRoles = []event.Role{event.CSM, event.AE, event.RenewalManager}
)

func payeeEnrolled(f *form, e *event.PayeeEnrolled) {
	f.header(&e.Header)
	id(f, "payee_id", &e.Payee, must)
	oneOf(f, "role", &e.Role, must, roles)
	id(f, "plan_id", &e.Plan, may)
	f.date("effective_on", &e.Effective, must)
	id(f, "manager_id", &e.Manager, may)
	id(f, "team", &e.Team, may)
	id(f, "segment", &e.Segment, may)
	id(f, "employee_id", &e.Employee, may)
	maybe(f, "variable_annual", &e.VariableAnnual, (*form).aFloor)
	maybe(f, "annual_target", &e.AnnualTarget, (*form).aTarget)
}

func payeeTerminated(f *form, e *event.PayeeTerminated) {
	f.header(&e.Header)
	id(f, "payee_id", &e.Payee, must)
	f.date("effective_on", &e.Effective, must)
}

func accountAssigned(f *form, e *event.AccountAssigned) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	id(f, "payee_id", &e.Payee, must)
	oneOf(f, "role", &e.Role, must, ownerRoles)
	f.date("effective_on", &e.Effective, must)
	id(f, "segment", &e.Segment, may)
	f.text("name", &e.Name, may)
}

func accountReactivated(f *form, e *event.AccountReactivated) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	f.date("effective_on", &e.Effective, must)
	f.amount("arr", &e.ARR, must, notNegative)
}
