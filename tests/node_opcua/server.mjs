// An OPC UA server that Anodewatch did not write, with an address space of its own: 210 variables
// that change, one of Bad quality, and one that changes once an hour. It writes down everything that
// it sets, as it goes over the wire, so that a test can compare what arrived with what was sent.
//
// node server.mjs --port 4841 --rate 2 --log sent.jsonl --pki some/folder
// Prints "ready <endpoint>"; ends on SIGTERM; on SIGUSR2 its sessions time out.

import { writeSync, openSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  VariantArrayType,
  coerceInt64,
} from "node-opcua";

const NAMESPACE = "urn:anodewatch:test";
const HOUR_MS = 3_600_000;

const { values: given } = parseArgs({
  options: {
    port: { type: "string" },
    rate: { type: "string", default: "2" },
    log: { type: "string" },
    pki: { type: "string" },
    "operation-limit": { type: "string", default: "0" },
    few: { type: "boolean", default: false }, // a fifth of the variables
    history: { type: "boolean", default: false }, // of all that moves, the last 10,000 values
    "namespaces-before": { type: "string", default: "0" }, // so many others come first
    without: { type: "string", default: "" }, // a variable that this server has not
  },
});

// name: how many, and the n-th value of the i-th variable. Two in a row are never equal.
const KINDS = {
  Int16: [25, (i, n) => ((i * 1_009 + n * 37) % 65_536) - 32_768],
  Int32: [30, (i, n) => ((i * 100_003 + n * 7_919) % 4_294_967_296) - 2_147_483_648],
  Int64: [20, (i, n) => (i % 2 ? -1 : 1) * (2 ** 52 + i * 1_000_000 + n)],
  UInt32: [20, (i, n) => (i * 100_003 + n * 2_654_435_761) % 4_294_967_296],
  Float: [35, (i, n) => Math.fround(1_150 + 5 * Math.sin(i + n / 7))],
  Double: [40, (i, n) => 70_000 * Math.sin(i + n / 11)],
  Boolean: [20, (i, n) => (i + n) % 2 === 0],
  String: [20, (i, n) => `Los ${i} · 批次 ${n}`],
};

const logFile = openSync(given.log, "a");

function iso(date, picoseconds) {
  const nanoseconds = String(Math.floor(picoseconds / 1_000)).padStart(6, "0");
  return date.toISOString().slice(0, 23) + nanoseconds + "Z";
}

class Signal {
  constructor(namespace, name, type, valueOf, status = StatusCodes.Good) {
    Object.assign(this, { name, type, valueOf, status, n: 0 });
    this.variable = namespace.addVariable({
      organizedBy: namespace.addressSpace.rootFolder.objects,
      browseName: name,
      nodeId: `s=${name}`,
      dataType: type,
      minimumSamplingInterval: 0,
    });
  }

  // sets the next value and returns its line for the log; nothing is sent before both are done
  step() {
    const plain = this.valueOf(this.n++);
    const value = this.type === "Int64" ? coerceInt64(String(plain)) : plain;
    this.variable.setValueFromSource(
      { dataType: DataType[this.type], arrayType: VariantArrayType.Scalar, value },
      this.status,
    );
    const set = this.variable.readValue();
    return JSON.stringify({
      node: `nsu=${NAMESPACE};s=${this.name}`,
      type: this.type,
      value: plain,
      status: set.statusCode.value,
      time: iso(set.sourceTimestamp, set.sourcePicoseconds),
    });
  }
}

function stepAll(signals) {
  writeSync(logFile, signals.map((signal) => signal.step()).join("\n") + "\n");
}

function certificates(folder) {
  return new OPCUACertificateManager({
    rootFolder: join(given.pki, folder),
    automaticallyAcceptUnknownCertificate: true,
  });
}

const limit = Number(given["operation-limit"]);
const server = new OPCUAServer({
  port: Number(given.port),
  host: "127.0.0.1",
  hostname: "127.0.0.1",
  resourcePath: "/test",
  allowAnonymousSubscriptionTransferOnUnsecuredChannel: true,
  securityPolicies: [SecurityPolicy.None],
  securityModes: [MessageSecurityMode.None],
  serverCertificateManager: certificates("server"),
  userCertificateManager: certificates("user"),
  serverCapabilities: {
    minSupportedSampleRate: 0, // every change is reported, not only the latest of each 50 ms
    operationLimits: limit ? { maxMonitoredItemsPerCall: limit } : {},
  },
});

await server.initialize();
for (let i = 0; i < Number(given["namespaces-before"]); i++) {
  server.engine.addressSpace.registerNamespace(`urn:anodewatch:other-${i}`);
}
const namespace = server.engine.addressSpace.registerNamespace(NAMESPACE);
const signals = [];
for (const [type, [count, valueOf]] of Object.entries(KINDS)) {
  for (let i = 0; i < (given.few ? count / 5 : count); i++) {
    const name = `${type}-${String(i).padStart(2, "0")}`;
    if (name === given.without) continue;
    signals.push(new Signal(namespace, name, type, (n) => valueOf(i, n)));
  }
}
if (given.history) {
  for (const { variable } of signals) {
    server.engine.addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: 10_000 });
  }
}
const broken = new Signal(namespace, "Bad-00", "Double", (n) => n, StatusCodes.BadSensorFailure);
const hourly = new Signal(namespace, "Slow-00", "Double", (n) => 42.5 + n);
const moving = [...signals, broken];
stepAll([...moving, hourly]);
await server.start();
setInterval(() => stepAll(moving), 1_000 / Number(given.rate));
setInterval(() => stepAll([hourly]), HOUR_MS);
// As when their time is over: sessions go, their subscriptions live on.
process.on("SIGUSR2", () => {
  for (const session of Object.values(server.engine._sessions)) {
    server.engine.closeSession(session.authenticationToken, false, "Timeout");
  }
});
process.on("SIGTERM", async () => {
  await server.shutdown(0);
  process.exit(0);
});
console.log(`ready ${server.getEndpointUrl()}`);
