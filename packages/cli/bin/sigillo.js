#!/usr/bin/env node
// The command's stable door: it exists before the first build, so that package managers can link it. All work is in dist/main.js.
import '../dist/main.js'
