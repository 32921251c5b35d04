package event

// Name is the stage as rules compare it: letters only and lower-cased.
func (s Stage) Name() string { return s.letters() }
