package event

// Scope is what a fact belongs to: one account, one payee, or the tenant
// where both are empty.
type Scope struct {
	Account AccountID
	Payee   PayeeID
}

// Tenant is the scope of facts about everybody.
var Tenant = Scope{}

// OfAccount is the scope of one account's facts.
func OfAccount(id AccountID) Scope { return Scope{Account: id} }

// OfPayee is the scope of one payee's own facts.
func OfPayee(id PayeeID) Scope { return Scope{Payee: id} }

func (PayeeEnrolled) isEvent()         {}
func (PayeeTerminated) isEvent()       {}
func (AccountAssigned) isEvent()       {}
func (AccountReactivated) isEvent()    {}
func (ExpansionBooked) isEvent()       {}
func (ExpansionCancelled) isEvent()    {}
func (ExpansionStage) isEvent()        {}
func (UpliftScheduled) isEvent()       {}
func (HandoffLogged) isEvent()         {}
func (HandoffIntroduced) isEvent()     {}
func (HandoffClosed) isEvent()         {}
func (LeadSourced) isEvent()           {}
func (RenewalBooked) isEvent()         {}
func (RenewalStage) isEvent()          {}
func (SubscriptionStarted) isEvent()   {}
func (SubscriptionChanged) isEvent()   {}
func (SubscriptionCancelled) isEvent() {}
func (ChurnNotified) isEvent()         {}
func (ChurnEffective) isEvent()        {}
func (ChurnCancelled) isEvent()        {}
func (ContractionBooked) isEvent()     {}
func (HealthScored) isEvent()          {}
func (InterventionLogged) isEvent()    {}
func (ReviewHeld) isEvent()            {}
func (ContactEngaged) isEvent()        {}
func (SurveyAnswered) isEvent()        {}
func (AdoptionMeasured) isEvent()      {}
func (OnboardingCompleted) isEvent()   {}
func (ForecastRecorded) isEvent()      {}
func (Invoice) isEvent()               {}
func (CreditNoteIssued) isEvent()      {}
func (PayoutConfirmed) isEvent()       {}
func (PayoutRejected) isEvent()        {}
func (PlanPublished) isEvent()         {}
func (ExceptionApproved) isEvent()     {}
func (DisputeOpened) isEvent()         {}
func (DisputeDecided) isEvent()        {}
func (ObjectiveAttested) isEvent()     {}
func (AdjustmentPosted) isEvent()      {}
func (SpifAwarded) isEvent()           {}
func (FactRetracted) isEvent()         {}
func (BalanceOpened) isEvent()         {}
func (ParkedRetried) isEvent()         {}
func (ParkedDiscarded) isEvent()       {}
func (RateSet) isEvent()               {}
func (PeriodLocked) isEvent()          {}
func (PeriodReopened) isEvent()        {}
func (Ticked) isEvent()                {}

// Scope is the payee.
func (e PayeeEnrolled) Scope() Scope { return OfPayee(e.Payee) }

// Scope is the payee.
func (e PayeeTerminated) Scope() Scope { return OfPayee(e.Payee) }

// Scope is the account.
func (e AccountAssigned) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e AccountReactivated) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ExpansionBooked) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ExpansionCancelled) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ExpansionStage) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e UpliftScheduled) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e HandoffLogged) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e HandoffIntroduced) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e HandoffClosed) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e LeadSourced) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e RenewalBooked) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e RenewalStage) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e SubscriptionStarted) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e SubscriptionChanged) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e SubscriptionCancelled) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ChurnNotified) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ChurnEffective) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ChurnCancelled) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ContractionBooked) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e HealthScored) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e InterventionLogged) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ReviewHeld) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ContactEngaged) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e SurveyAnswered) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e AdoptionMeasured) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e OnboardingCompleted) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e ForecastRecorded) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e Invoice) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e CreditNoteIssued) Scope() Scope { return OfAccount(e.Account) }

// Scope is the payee.
func (e PayoutConfirmed) Scope() Scope { return OfPayee(e.Payee) }

// Scope is the payee.
func (e PayoutRejected) Scope() Scope { return OfPayee(e.Payee) }

// Scope is the tenant.
func (PlanPublished) Scope() Scope { return Tenant }

// Scope is the account.
func (e ExceptionApproved) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e DisputeOpened) Scope() Scope { return OfAccount(e.Account) }

// Scope is the account.
func (e DisputeDecided) Scope() Scope { return OfAccount(e.Account) }

// Scope is the payee.
func (e ObjectiveAttested) Scope() Scope { return OfPayee(e.Payee) }

// Scope is the payee.
func (e AdjustmentPosted) Scope() Scope { return OfPayee(e.Payee) }

// Scope is the payee.
func (e SpifAwarded) Scope() Scope { return OfPayee(e.Payee) }

// Scope of a retraction is that of the fact it removes, where it says so.
func (e FactRetracted) Scope() Scope { return Scope{Account: e.Account, Payee: e.Payee} }

// Scope is the payee.
func (e BalanceOpened) Scope() Scope { return OfPayee(e.Payee) }

// Scope is the tenant.
func (ParkedRetried) Scope() Scope { return Tenant }

// Scope is the tenant.
func (ParkedDiscarded) Scope() Scope { return Tenant }

// Scope is the tenant.
func (RateSet) Scope() Scope { return Tenant }

// Scope is the tenant.
func (PeriodLocked) Scope() Scope { return Tenant }

// Scope is the tenant.
func (PeriodReopened) Scope() Scope { return Tenant }

// Scope is the tenant.
func (Ticked) Scope() Scope { return Tenant }
