package main

import (
	"fmt"
	"slices"
	"strings"
)

// aCommand begins what is missing when it is a command, and no privilege.
const aCommand = "command "

// playable returns the scenes that can be played here; lacking says of the others
// why not, one message per reason, with what to do about it. call is what was asked
// for, to be pasted again.
func (a *app) playable(all, asked []scene, call string) (ready []scene, lacking []string) {
	var reasons [][]string
	names := map[string][]string{}
	for _, s := range asked {
		lacks := s.missing()
		if len(lacks) == 0 {
			ready = append(ready, s)
			continue
		}
		key := strings.Join(lacks, "\n")
		if names[key] == nil {
			reasons = append(reasons, lacks)
		}
		names[key] = append(names[key], s.name)
	}
	for _, lacks := range reasons {
		lacking = append(lacking, a.lack(all, names[strings.Join(lacks, "\n")], lacks, call))
	}
	return ready, lacking
}

// maxNamed is how many scenes are named before the rest is counted.
const maxNamed = 3

// lack words what scenes lack.
func (a *app) lack(all []scene, names, lacks []string, call string) string {
	text := fmt.Sprintf("%s cannot be played: this process lacks %s", several(names), listed(lacks))
	isCommand := func(l string) bool { return strings.HasPrefix(l, aCommand) }
	if slices.ContainsFunc(lacks, isCommand) {
		text += "\n  install what is missing, or see \"lab list\" for others"
	}
	if !slices.ContainsFunc(lacks, func(l string) bool { return !isCommand(l) }) {
		return text
	}
	text += fmt.Sprintf("\n  as root:        sudo %s %s", a.lab.program, call)
	if a.lab.rootless() {
		text += fmt.Sprintf("\n  without root:   unshare --user --map-root-user --net %s %s", a.lab.program, call)
	}
	i := slices.IndexFunc(all, func(s scene) bool { return !s.real })
	if i >= 0 {
		text += fmt.Sprintf("\n  no root at all: %s lab run %s   (simulated time)", a.lab.program, all[i].name)
	}
	return text
}

// several names some and counts the rest.
func several(names []string) string {
	if n := len(names) - maxNamed; n > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNamed], ", "), n)
	}
	return listed(names)
}

// listed joins words as a sentence does.
func listed(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
