#!/usr/bin/env node
// The `diemcau` command: runs the compiled command line of this checkout.
await import('../../dist/provisioning/cli.js');
