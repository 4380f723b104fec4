//go:build !linux

package confine

import "errors"

// Drop is for Linux.
func Drop(Allow) (Report, error) { return Report{}, errors.ErrUnsupported }

// Status is for Linux.
func Status() ([]Thread, error) { return nil, errors.ErrUnsupported }
