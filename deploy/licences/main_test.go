package main

import "testing"

func TestLicence(t *testing.T) {
	for text, want := range map[string]string{
		"                                 Apache License\n                           Version 2.0, January 2004": "Apache-2.0",
		"MIT License\n\nPermission is hereby granted, free of charge, to any person\nobtaining a copy of":       "MIT",
		"GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007":                                                    "",
		"GNU AFFERO GENERAL PUBLIC LICENSE":                                                                     "",
		"Business Source License 1.1":                                                                           "",
		"All rights reserved.":                                                                                  "",
		"":                                                                                                      "",
	} {
		if got := licence([]byte(text)); got != want {
			t.Errorf("licence(%q) = %q, want %q", text, got, want)
		}
	}
}
