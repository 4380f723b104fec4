package main

import (
	"fmt"
	"slices"
	"strings"
)

// choice is one of a few words on the command line.
type choice struct {
	value string
	of    []string
}

// Set takes one of the words.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(c.of, ", "))
	}
	c.value = s
	return nil
}

// String returns the word chosen.
func (c *choice) String() string { return c.value }

// Type names the choices in the help.
func (c *choice) Type() string { return strings.Join(c.of, "|") }
