// Converts the decks of a folder with Marp CLI, as its users do: those named html-* with --html, all in one process.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { marpCli } = require('@marp-team/marp-cli')

const [, , folder, out] = process.argv
const decks = fs.readdirSync(folder).filter((name) => name.endsWith('.md'))
const OPTIONS = ['--no-config-file', '--theme-set', folder]

async function convertAll() {
  for (const name of decks) {
    const output = ['-o', path.join(out, name.replace(/md$/, 'html'))]
    const html = name.startsWith('html-request') ? ['--html'] : []
    const status = await marpCli([path.join(folder, name), ...output, ...OPTIONS, ...html])
    if (status !== 0) process.exit(status)
  }
}

fs.mkdirSync(out)
convertAll().then(() => process.exit(0))
