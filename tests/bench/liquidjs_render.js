// The peer of rendering: liquidjs on a template file, parsed once, rendered --count times with the same data.
//
//   peers.sh node liquidjs_render.js TEMPLATE DATA.json [COUNT]
//
// Prints one line of JSON.
'use strict';

const fs = require('node:fs');
const {Liquid} = require('liquidjs');

const [template, data, count = '20000'] = process.argv.slice(2);
if (!data) {
    console.error('liquidjs_render: TEMPLATE DATA.json [COUNT]');
    process.exit(64);
}
const engine = new Liquid();
const parsed = engine.parse(fs.readFileSync(template, 'utf8'));
const scope = JSON.parse(fs.readFileSync(data, 'utf8'));
const number = Number(count);
let bytes = 0;
for (let i = 0; i < Math.min(number, 2000); i++) engine.renderSync(parsed, scope); // lets the compiler warm up
const began = process.hrtime.bigint();
for (let i = 0; i < number; i++) bytes += engine.renderSync(parsed, scope).length;
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
console.log(JSON.stringify({
    peer: 'liquidjs', renders: number, bytes: Math.round(bytes / number),
    seconds: Number(seconds.toFixed(3)), renders_per_s: Math.round(number / seconds),
}));
