//go:build !linux

package main

import "errors"

// live says why there is none.
func (*options) live() error { return errors.ErrUnsupported }

// livePart knows no parts.
func (*options) livePart([]string) (bool, error) { return false, nil }

// liveLacks says what is missing for live.
func liveLacks() []string { return []string{"Linux"} }
