package consumers

// Names of log fields. Payloads, names of people and amounts are never logged.
const (
	FieldTenant  = "tenant"
	FieldParked  = "parked_id"
	FieldCode    = "code"
	FieldInputs  = "inputs"
	FieldEntries = "entries"
	FieldTimers  = "timers"
	FieldOutputs = "outputs"
	FieldCursor  = "cursor"
	FieldRetry   = "retry_in"
	FieldAlarm   = "alarm"
	FieldWaiting = "waiting"
	FieldBound   = "bound"
)
