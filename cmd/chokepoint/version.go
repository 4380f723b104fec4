package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Version, record schema and age of the service rules",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			rules, err := a.rules(nil, nil)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "chokepoint %s\nschema %d\nrules %s\n%s %s/%s\n", version(), report.Schema,
				cmp.Or(rulesDate(rules), "of unknown date"), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// version is what the go command knows of the build: a tag, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

func rulesDate(r *service.Rules) string {
	if d := r.Date(); !d.IsZero() {
		return d.Format("2006-01-02")
	}
	return ""
}
