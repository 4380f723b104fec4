package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// minMemory is the least budget that still leaves each shard a few flows.
const minMemory = 1 << 20

// size is a number of bytes on the command line, with or without a unit. All
// units are powers of 1024, as tools that budget memory read them.
type size int64

var units = map[string]int64{
	"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10,
	"m": 1 << 20, "mb": 1 << 20, "mib": 1 << 20, "g": 1 << 30, "gb": 1 << 30, "gib": 1 << 30,
}

// Set parses a size such as 512M, 1.5GiB or 67108864.
func (s *size) Set(text string) error {
	number := strings.TrimRightFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	unit, ok := units[strings.ToLower(strings.TrimSpace(text[len(number):]))]
	if !ok {
		return fmt.Errorf("unknown unit %q: K, M and G are known", text[len(number):])
	}
	x, err := strconv.ParseFloat(number, 64)
	if err != nil || strings.ContainsAny(number, "+-eExX_ ") {
		return fmt.Errorf("%q is no size: write 512M or 1.5G", text)
	}
	switch x *= float64(unit); {
	case x < minMemory:
		return fmt.Errorf("%s is too little: at least 1M", text)
	case x > math.MaxInt64/2:
		return fmt.Errorf("%s is more than there can be", text)
	}
	*s = size(x)
	return nil
}

// String writes the size with the largest unit that divides it.
func (s *size) String() string {
	for _, u := range []struct {
		name string
		n    size
	}{{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}} {
		if *s != 0 && *s%u.n == 0 {
			return strconv.FormatInt(int64(*s/u.n), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type names the kind of value in the help.
func (s *size) Type() string { return "SIZE" }
