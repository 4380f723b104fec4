package main

import (
	"errors"
	"fmt"
	"io"

	"chokepoint/pcaps/usc"
)

// routerPage keeps score on captures behind a router with known settings.
func (o *options) routerPage(out io.Writer) error {
	r, err := usc.Of(o.router)
	if err != nil {
		return err
	}
	fmt.Fprint(out, r.Markdown())
	for _, b := range r.Broken() {
		err = errors.Join(err, errors.New(b))
	}
	return err
}
