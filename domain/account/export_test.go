package account

// For tests that look at flags, which domain/advice makes.
var (
	GenBusy    = genBusy
	GenSetting = genSetting
)
