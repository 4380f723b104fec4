package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"chokepoint/pcaps/foreign"
)

// foreignPage holds the captures of a folder against what was read in them, and
// writes the page.
func (o *options) foreignPage(out io.Writer) error {
	r, err := foreign.Of(o.foreign)
	if err != nil {
		return err
	}
	page := r.Markdown()
	fmt.Fprint(out, page)
	if o.page != "" {
		if err := os.WriteFile(o.page, []byte(page), 0o644); err != nil {
			return err
		}
	}
	for _, b := range r.Broken() {
		err = errors.Join(err, errors.New(b))
	}
	return err
}
