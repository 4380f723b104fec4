package html

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"strings"
	"sync"
)

//go:embed templates/*.tmpl
var templateFiles embed.FS

// Styles and scripts of the page. uPlot 1.6.32 is by Leon Sorokin and others, under the
// MIT licence, which is embedded with it.
var (
	//go:embed assets/page.css
	pageCSS string
	//go:embed assets/uPlot.min.css
	plotCSS string
	//go:embed assets/page.js
	pageJS string
	//go:embed assets/plots.js
	plotsJS string
	//go:embed assets/uPlot.iife.min.js
	plotLibrary string
	//go:embed assets/uPlot.LICENSE.txt
	plotLicence string
)

// Styles is the style sheet of the page, for the one style element of a page that shows
// its parts.
func Styles() string { return plotCSS + pageCSS }

// Script is what the page runs: sorting, searching, the choice of colours.
func Script() string { return pageJS }

// plotScript is what draws plots, with the licence of the library in it.
func plotScript() string {
	return "/*\n" + strings.ReplaceAll(plotLicence, "*/", "* /") + "*/\n" + plotLibrary + "\n" + plotsJS
}

// Hash is the source expression of a content security policy that allows an inline
// element with this text, and no other.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// policy is the content security policy of the page: nothing is loaded, and only what is
// part of it runs.
func policy() string {
	return strings.Join([]string{
		"default-src 'none'", "style-src " + Hash(Styles()), "script-src " + Hash(plotScript()) + " " + Hash(Script()),
		"base-uri 'none'", "form-action 'none'",
	}, "; ")
}

// templates are parsed once: a broken one is a fault of ours that every test finds.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"styles":     func() template.CSS { return template.CSS(Styles()) },
		"script":     func() template.JS { return template.JS(Script()) },
		"plotScript": func() template.JS { return template.JS(plotScript()) },
	}).ParseFS(templateFiles, "templates/*.tmpl"))
})
