// Package docs is the documentation that a worker serves itself.
package docs

import _ "embed"

// OpenAPI is the OpenAPI document of the API; make generate writes it.
//
//go:embed openapi.json
var OpenAPI []byte
