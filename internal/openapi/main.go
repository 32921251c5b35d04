// Command openapi writes the OpenAPI document of the API, made of the table of
// operations and of the types they answer with: run it where the module is.
package main

import (
	"fmt"
	"os"
)

func main() {
	document, err := Document(".")
	if err == nil {
		_, err = os.Stdout.Write(document)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}
