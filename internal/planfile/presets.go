package planfile

import (
	"embed"
	"strings"

	"github.com/trueup/trueup/domain/plan"
)

//go:embed presets/*.yaml
var presets embed.FS

const defaultPreset = "three-pool-mid-market"

// Preset is the text of a plan that comes with the program.
func Preset(name string) (src []byte, ok bool) {
	src, err := presets.ReadFile("presets/" + name + ".yaml")
	return src, err == nil
}

// Presets are the names of the plans that come with the program, in order.
func Presets() []string {
	entries, err := presets.ReadDir("presets")
	if err != nil {
		panic(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Default is the plan of a worker that is given none.
func Default() plan.Set {
	src, _ := Preset(defaultPreset)
	p, err := Decode(defaultPreset+".yaml", src)
	if err != nil {
		panic(err)
	}
	set, _ := plan.NewSet(p)
	return set
}
