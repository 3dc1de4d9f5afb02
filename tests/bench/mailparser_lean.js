// The peer of classifying: mailparser, told to leave out everything it may, on every file named in LIST (one a line).
//
//   peers.sh node mailparser_lean.js LIST [ROUNDS]
//
// Prints one line of JSON. It only parses; it says nothing about what a mail is.
'use strict';

const fs = require('node:fs');
const {simpleParser} = require('mailparser');

const [list, rounds = '1'] = process.argv.slice(2);
if (!list) {
    console.error('mailparser_lean: LIST [ROUNDS]');
    process.exit(64);
}
const LEAN = {skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true, skipImageLinks: true};

async function main() {
    const mails = fs.readFileSync(list, 'utf8').split('\n').filter(Boolean).map(name => fs.readFileSync(name));
    let failed = 0;
    const began = process.hrtime.bigint();
    for (let round = 0; round < Number(rounds); round++)
        for (const mail of mails)
            await simpleParser(mail, LEAN).catch(() => failed++);
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    const count = mails.length * Number(rounds);
    console.log(JSON.stringify({
        peer: 'mailparser lean', mails: count, failed, seconds: Number(seconds.toFixed(3)),
        mails_per_s: Math.round(count / seconds),
    }));
}

main();
