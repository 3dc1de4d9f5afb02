// The peer of sending: nodemailer, one pool of four connections, personalised mails of 2.6 KB to smtp-sink.
//
//   peers.sh node nodemailer_send.js --port N [--count 20000] [--connections 4] [--journal FILE]
//
// With --journal every message is committed as transmitting before, and as sent after, in SQLite (WAL, synchronous FULL):
// the least a service does that must know after a crash what went out. Prints one line of JSON.
'use strict';

const fs = require('node:fs');
const nodemailer = require('nodemailer');

function options(words) {
    const found = {port: 0, count: 20000, connections: 4, journal: null};
    for (let i = 0; i < words.length; i += 2) {
        const name = words[i].replace(/^--/, '');
        if (!(name in found) || words[i + 1] === undefined) {
            console.error(`nodemailer_send: unknown or empty option ${words[i]}`);
            process.exit(64);
        }
        found[name] = name === 'journal' ? words[i + 1] : Number(words[i + 1]);
    }
    return found;
}

const PARAGRAPH = 'Your forecast moved since the last bill, and most of the change comes from a few event types that ' +
    'nobody has looked at for a month. Sampling them, or turning them off, changes no report that your team opens. ';

function personalised(number) {
    const lines = [`Hi Lee ${number},`, ''];
    for (let i = 0; lines.join('\n').length < 2300; i++)
        lines.push(`${i + 1}. ${PARAGRAPH}(project ${number}, USD ${(number % 977) + 0.5 * i})`, '');
    lines.push('Best regards,', 'Ana');
    return {
        from: 'Ana <ana@ourco.example>',
        to: `lee${number}@acme.example`,
        subject: `Your bill of next month, account ${number}`,
        text: lines.join('\n'),
    };
}

function openJournal(path) {
    const Database = require('better-sqlite3');
    fs.rmSync(path, {force: true});
    fs.rmSync(`${path}-wal`, {force: true});
    fs.rmSync(`${path}-shm`, {force: true});
    const database = new Database(path);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec('CREATE TABLE outbox (id INTEGER PRIMARY KEY, recipient TEXT, state TEXT, at INTEGER)');
    const before = database.prepare("INSERT INTO outbox VALUES (?, ?, 'transmitting', ?)");
    const after = database.prepare("UPDATE outbox SET state = 'sent', at = ? WHERE id = ?");
    return {
        transmitting: (id, recipient) => before.run(id, recipient, Date.now()),
        sent: id => after.run(Date.now(), id),
        close: () => database.close(),
    };
}

async function main() {
    const {port, count, connections, journal: path} = options(process.argv.slice(2));
    const journal = path ? openJournal(path) : null;
    const transport = nodemailer.createTransport({
        host: '127.0.0.1', port, pool: true, maxConnections: connections, maxMessages: Infinity, secure: false,
        ignoreTLS: true,
    });
    let next = 0;
    const began = process.hrtime.bigint();
    // A few messages wait at each connection, so that none idles.
    const lane = async () => {
        while (next < count) {
            const number = next++;
            const mail = personalised(number);
            if (journal) journal.transmitting(number, mail.to);
            await transport.sendMail(mail);
            if (journal) journal.sent(number);
        }
    };
    await Promise.all(Array.from({length: connections * 4}, lane));
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    transport.close();
    if (journal) journal.close();
    const usage = process.resourceUsage();
    console.log(JSON.stringify({
        peer: journal ? 'nodemailer with journal' : 'nodemailer',
        messages: count,
        seconds: Number(seconds.toFixed(3)),
        msgs_per_s: Math.round(count / seconds),
        cpu_s_per_1000: Number(((usage.userCPUTime + usage.systemCPUTime) / 1e6 / count * 1000).toFixed(3)),
        rss_mb: Math.round(usage.maxRSS / 1024),
    }));
}

main().catch(error => {
    console.error(`nodemailer_send: ${error.message}`);
    process.exit(69);
});
