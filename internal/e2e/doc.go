// Package e2e holds the real worker against what people do with it: its demo in
// Debian's Chromium, driven as somebody with a keyboard and a mouse would. Its
// tests have the build tag e2e; make e2e installs what they need.
package e2e
