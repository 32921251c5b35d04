// Command catalogue writes what is generated of the documentation: the event
// catalogue from the wire's own descriptions of events, and the reference of
// plan files from their schema. Run it where the module is:
//
//	catalogue events.schema.json    prints one document
//	catalogue                       writes all of them to docs
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// documents are all there are. Each is made from the module in a folder.
var documents = []struct {
	name string
	of   func(root string) ([]byte, error)
}{
	{"events.schema.json", EventsSchema},
	{"events.md", EventsPage},
	{"asyncapi.yaml", AsyncAPI},
	{"plan.md", PlanPage},
	{"storage.md", StoragePage},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	for _, d := range documents {
		if len(args) > 0 && args[0] != d.name {
			continue
		}
		text, err := d.of(".")
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		if len(args) > 0 {
			_, err = os.Stdout.Write(text)
			return err
		}
		if err := os.WriteFile(filepath.Join("docs", d.name), text, 0o644); err != nil { //nolint:gosec // to be read by all
			return err
		}
	}
	if len(args) > 0 {
		return fmt.Errorf("%s is not generated", args[0])
	}
	return nil
}
