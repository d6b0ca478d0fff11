// Tries the client on the command line: node detect.mjs PICTURE… (MIEN_SERVER and MIEN_API_KEY say where and with which key)
import { readFile } from "node:fs/promises";
import { expressions } from "./expressions.mjs";

const { MIEN_SERVER = "http://127.0.0.1:8000", MIEN_API_KEY } = process.env;
const client = expressions(MIEN_SERVER, MIEN_API_KEY);

for (const path of process.argv.slice(2)) {
  try {
    const { emotion, confidence, emotions } = await client.detect((await readFile(path)).toString("base64"));
    const others = emotions.length > 1 ? `, and ${emotions.length - 1} more` : "";
    console.log(emotion === null ? `${path}: nobody` : `${path}: ${emotion} (${confidence.toFixed(2)})${others}`);
  } catch (error) {
    console.error(`${path}: ${error.message}`);
    process.exitCode = 1;
  }
}
