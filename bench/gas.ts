/**
 * Gas of the hot path, as a report (design §14). Steady state: balances and seat words have been written before; a mock
 * verifier; a 256-byte proof. Every figure is the whole transaction as mined.
 */
import { mkdirSync, readFileSync, writeFileSync, existsSync } from "node:fs";

import { ethers } from "ethers";
import { network } from "hardhat";

interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: "gas" | "ratio";
  readonly target: number;
  readonly peer: string;
}

const connection = await network.create();
const provider = connection.ethers.provider;
const signers = await connection.ethers.getSigners();
const [owner, requester, keeper, reporter] = signers as [(typeof signers)[0], (typeof signers)[0], (typeof signers)[0], (typeof signers)[0]];
const operators = signers.slice(4, 20);
const token18 = (amount: number) => ethers.parseEther(String(amount));

/** Answers every call with the word 1: PUSH1 1, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN, behind a ten-byte constructor. */
const ALWAYS_VALID = "0x600a600c600039600a6000f3600160005260206000f3";
const RUN_SECONDS = 3600;
const RESCUE = 60;

async function gasOf(sent: Promise<ethers.ContractTransactionResponse>): Promise<[number, ethers.ContractTransactionReceipt]> {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error("transaction was not mined");
  return [Number(receipt.gasUsed), receipt];
}

/** A network with `seats` active seats of class 1, spread over sixteen operators. */
async function deploy(seats: number) {
  const token = await connection.ethers.deployContract("GevulotToken", [owner.address, token18(1_000_000_000)]);
  const nonce = await provider.getTransactionCount(owner.address);
  const marketAddress = ethers.getCreateAddress({ from: owner.address, nonce: nonce + 2 });
  const registry = await connection.ethers.deployContract("ProverRegistry", [token, marketAddress, owner.address, 600, 7 * 86_400]);
  const extension = await connection.ethers.deployContract("MarketExtension", [token, registry]);
  const core = await connection.ethers.deployContract("Market", [extension, owner.address]);
  if ((await core.getAddress()) !== marketAddress) throw new Error("the market is not where it was predicted");
  const market = await connection.ethers.getContractAt("IMarket", marketAddress);
  const beacon = await connection.ethers.deployContract("BlockhashBeacon", [2]);
  await market.addRules({
    responseWindow: 180,
    silenceWindow: 86_400,
    revealDelay: 36,
    revealWindow: 600,
    cancelDelay: 120,
    baseBurnBps: 500,
    assignBounty: 1_000_000,
    settleBounty: 1_000_000,
    beacon,
  });
  await market.setClassTerms(1, { minimumFee: 10_000_000, minimumRate: 1, rules: 1 });
  await registry.setClassBond(1, { bond: token18(100), slashBps: 1000, bountyBps: 1000, declineQuota: 4 });
  for (const account of [...operators, requester, keeper, reporter]) {
    await token.transfer(account.address, token18(1_000_000));
    await token.connect(account).approve(registry, ethers.MaxUint256);
    await token.connect(account).approve(market, ethers.MaxUint256);
    await market.connect(account).deposit(account.address, token18(100_000));
  }
  for (const operator of operators) await registry.admit(operator.address, true);
  for (let staked = 0, i = 0; staked < seats; i += 1) {
    const count = Math.min(50, seats - staked);
    const operator = operators[i % operators.length]!;
    await registry.connect(operator).stake(1, count, 0, { gasLimit: 15_000_000 });
    staked += count;
  }
  await connection.networkHelpers.time.increase(601);
  const verifier = await (await owner.sendTransaction({ data: ALWAYS_VALID })).wait();
  const program = {
    prover: ethers.id("prover"),
    verifierProgram: ethers.id("verifier"),
    verifier: verifier!.contractAddress!,
    verifierGas: 1_000_000,
    class: 1,
    bindsProver: false,
  };
  const programId = await market.deployProgram.staticCall(program, "");
  await market.deployProgram(program, "");
  return { token, registry, market, programId };
}

type Net = Awaited<ReturnType<typeof deploy>>;
const PUBLIC_INPUTS = ethers.hexlify(ethers.randomBytes(64));
const PROOF = ethers.hexlify(ethers.randomBytes(256));
const SALT = ethers.id("salt");
let serial = 0;

async function requestOf(net: Net, redundancy: number, offset = 0) {
  const { nonce } = await net.market.accountOf(requester.address);
  serial += 1;
  return {
    program: net.programId,
    inputs: ethers.id(`inputs ${serial}`),
    publicInputs: ethers.keccak256(PUBLIC_INPUTS),
    deliveryKey: ethers.id(`key ${serial}`),
    fee: token18(10),
    maxRunTime: RUN_SECONDS,
    redundancy,
    rescue: RESCUE,
    nonce: nonce + BigInt(offset),
    inputsUri: "https://inputs.example.org/",
  };
}

function specsIn(net: Net, receipt: ethers.ContractTransactionReceipt) {
  return receipt.logs.flatMap((log) => {
    const event = net.market.interface.parseLog(log);
    if (event?.name !== "Submitted") return [];
    const { workload, requester: from, program, inputs, publicInputs, deliveryKey, terms } = event.args;
    return [{ id: workload as string, spec: { program, inputs, publicInputs, deliveryKey, terms, requester: from } }];
  });
}

/** Seats drawn, slot by slot, from the Assigned event. */
function drawnIn(net: Net, receipt: ethers.ContractTransactionReceipt) {
  return receipt.logs.flatMap((log) => {
    const event = net.market.interface.parseLog(log);
    if (event?.name !== "Assigned") return [];
    const words = [...(event.args.candidates as bigint[])];
    const drawn = words.filter((word) => ((word >> 24n) & 0xffn) === 0n);
    const seats = drawn.map((word) => ({
      seat: word & 0xffffffn,
      operator: operators.find((o) => o.address === ethers.getAddress(ethers.toBeHex(word >> 96n, 20)))!,
    }));
    return [{ id: event.args.workload as string, seats, passed: words.length - drawn.length }];
  });
}

const mine = () => connection.networkHelpers.mine(3);

async function oneProof(net: Net) {
  const [submit, submitted] = await gasOf(net.market.connect(requester).submit(await requestOf(net, 1)));
  const { id, spec } = specsIn(net, submitted)[0]!;
  await mine();
  const [assign, assigned] = await gasOf(net.market.connect(keeper).assign(id));
  const { seats, passed } = drawnIn(net, assigned)[0]!;
  const { seat, operator } = seats[0]!;
  const [submitProof] = await gasOf(net.market.connect(operator).submitProof(spec, seat, PUBLIC_INPUTS, PROOF));
  return { submit, assign, submitProof, passed, life: submit + assign + submitProof };
}

async function threeProofs(net: Net, withAccept: boolean) {
  const [submit, submitted] = await gasOf(net.market.connect(requester).submit(await requestOf(net, 3)));
  const { id, spec } = specsIn(net, submitted)[0]!;
  await mine();
  const [assign, assigned] = await gasOf(net.market.connect(keeper).assign(id));
  const { seats, passed } = drawnIn(net, assigned)[0]!;
  let life = submit + assign;
  const accepts: number[] = [];
  const commits: number[] = [];
  const reveals: number[] = [];
  if (withAccept) {
    for (const { seat, operator } of seats) accepts.push((await gasOf(net.market.connect(operator).accept(id, seat)))[0]);
  }
  const digest = ethers.sha256(PROOF);
  for (const { seat, operator } of seats) {
    const preimage = ethers.AbiCoder.defaultAbiCoder().encode(
      ["bytes32", "address", "bytes32", "uint256", "bytes32"],
      [digest, operator.address, id, seat, SALT],
    );
    const commitment = BigInt(ethers.keccak256(preimage)) & ((1n << 160n) - 1n);
    commits.push((await gasOf(net.market.connect(operator).commit(id, seat, commitment)))[0]);
  }
  await connection.networkHelpers.time.increase(40);
  for (const { seat, operator } of seats) {
    reveals.push((await gasOf(net.market.connect(operator).reveal(spec, seat, PUBLIC_INPUTS, PROOF, SALT)))[0]);
  }
  const [settle] = await gasOf(net.market.connect(keeper).settle(spec, seats.map(({ seat }) => seat)));
  life += [...accepts, ...commits, ...reveals, settle].reduce((a, b) => a + b, 0);
  return { submit, assign, accepts, commits, reveals, settle, passed, life };
}

async function batch(net: Net, count: number) {
  const requests = [];
  for (let i = 0; i < count; i += 1) requests.push(await requestOf(net, 1, i));
  const [submit, submitted] = await gasOf(net.market.connect(requester).submitMany(requests, { gasLimit: 15_000_000 }));
  const workloads = specsIn(net, submitted);
  await mine();
  const [assign, assigned] = await gasOf(
    net.market.connect(keeper).assignMany(workloads.map(({ id }) => id), { gasLimit: 15_000_000 }),
  );
  let proofs = 0;
  for (const { id, seats } of drawnIn(net, assigned)) {
    const { spec } = workloads.find((workload) => workload.id === id)!;
    const { seat, operator } = seats[0]!;
    proofs += (await gasOf(net.market.connect(operator).submitProof(spec, seat, PUBLIC_INPUTS, PROOF)))[0];
  }
  return { submit: submit / count, assign: assign / count, life: (submit + assign + proofs) / count };
}

async function seatsAndSlash(net: Net) {
  const operator = operators[0]!;
  const [stake, staked] = await gasOf(net.registry.connect(operator).stake(1, 1, 0));
  const seat = staked.logs.map((log) => net.registry.interface.parseLog(log)).find((log) => log?.name === "Staked")!.args.seat as bigint;
  await connection.networkHelpers.time.increase(601);
  const [leave] = await gasOf(net.registry.connect(operator).leaveSet([seat]));

  const [, submitted] = await gasOf(net.market.connect(requester).submit(await requestOf(net, 1)));
  const { id, spec } = specsIn(net, submitted)[0]!;
  await mine();
  const [, assigned] = await gasOf(net.market.connect(keeper).assign(id));
  const silent = drawnIn(net, assigned)[0]!.seats[0]!;
  await connection.networkHelpers.time.increase(86_401);
  const [slashWithDrop] = await gasOf(net.market.connect(reporter).slash(spec, [silent.seat]));
  await net.registry.connect(silent.operator).leaveSet([silent.seat]);

  // A seat that has left already: the slash does not have to take it out of the set.
  const [, submitted2] = await gasOf(net.market.connect(requester).submit(await requestOf(net, 1)));
  const second = specsIn(net, submitted2)[0]!;
  await mine();
  const [, assigned2] = await gasOf(net.market.connect(keeper).assign(second.id));
  const leaver = drawnIn(net, assigned2)[0]!.seats[0]!;
  await net.registry.connect(leaver.operator).leaveSet([leaver.seat]);
  await connection.networkHelpers.time.increase(86_401);
  const [slash] = await gasOf(net.market.connect(reporter).slash(second.spec, [leaver.seat]));

  await connection.networkHelpers.time.increase(8 * 86_400);
  const [withdraw] = await gasOf(net.registry.connect(operator).withdraw([seat], operator.address));
  return { stake, leave, slash, slashWithDrop, withdraw };
}

const mean = (values: readonly number[]) => Math.round(values.reduce((a, b) => a + b, 0) / values.length);

/** Lives until the seat words drawn later have all been written once, then the mean of `rounds` lives with nobody passed over. */
async function steady<T extends { passed: number }>(rounds: number, life: () => Promise<T>): Promise<T[]> {
  const lives: T[] = [];
  for (let tries = 0; lives.length < rounds && tries < rounds * 4; tries += 1) {
    const one = await life();
    if (one.passed === 0) lives.push(one);
  }
  return lives;
}

/** Writes the words of every seat once, as a network in use has done. */
async function warm(net: Net, workloads: number) {
  for (let i = 0; i < workloads; i += 1) {
    const requests = [];
    for (let k = 0; k < 8; k += 1) requests.push(await requestOf(net, 8, k));
    const [, submitted] = await gasOf(net.market.connect(requester).submitMany(requests, { gasLimit: 15_000_000 }));
    await mine();
    const running = [];
    for (const { id, spec } of specsIn(net, submitted)) {
      const [, assigned] = await gasOf(net.market.connect(keeper).assign(id, { gasLimit: 15_000_000 }));
      const { seats } = drawnIn(net, assigned)[0]!;
      for (const { seat, operator } of seats) await net.market.connect(operator).fail(spec, seat, 2);
      running.push({ spec, seats: seats.map(({ seat }) => seat) });
    }
    await connection.networkHelpers.time.increase(RUN_SECONDS + 1);
    for (const { spec, seats } of running) await net.market.connect(keeper).settle(spec, seats);
  }
}

const small = await deploy(512);
await warm(small, 40);
await oneProof(small);
const ones = await steady(8, () => oneProof(small));
await threeProofs(small, false);
const threes = await steady(8, () => threeProofs(small, false));
const accepted = await steady(3, () => threeProofs(small, true));
const batched = await batch(small, 32);
const seats = await seatsAndSlash(small);

/** Draw cost against the size of the set, on fresh seat words in both cases. */
async function assignAt(size: number, redundancy: 1 | 3): Promise<number> {
  const net = await deploy(size);
  const lives = await steady(5, async () => {
    const [, submitted] = await gasOf(net.market.connect(requester).submit(await requestOf(net, redundancy)));
    await mine();
    const [assign, assigned] = await gasOf(net.market.connect(keeper).assign(specsIn(net, submitted)[0]!.id));
    return { assign, passed: drawnIn(net, assigned)[0]!.passed };
  });
  return mean(lives.map((life) => life.assign));
}
const thousand = await assignAt(1_000, 3);
const tenThousand = await assignAt(10_000, 3);

const rows: Row[] = [
  { name: "submit", value: mean(ones.map((o) => o.submit)), unit: "gas", target: 65_000, peer: "46k (event only) / 255k / 525k" },
  { name: "assign 1", value: mean(ones.map((o) => o.assign)), unit: "gas", target: 65_000, peer: "149k (lock of one prover)" },
  { name: "assign 3", value: mean(threes.map((o) => o.assign)), unit: "gas", target: 95_000, peer: "180k (weighted tree, four draws alone)" },
  { name: "assign 3, 10,000 seats against 1,000", value: Number((tenThousand / thousand).toFixed(4)), unit: "ratio", target: 1.01, peer: "1.2 (weighted tree)" },
  { name: "accept", value: mean(accepted.flatMap((o) => o.accepts)), unit: "gas", target: 38_000, peer: "–" },
  { name: "commit", value: mean(threes.flatMap((o) => o.commits)), unit: "gas", target: 42_000, peer: "49k (anti-copy commit)" },
  { name: "reveal, with a mock verifier", value: mean(threes.flatMap((o) => o.reveals)), unit: "gas", target: 50_000, peer: "–" },
  { name: "submitProof, with a mock verifier", value: mean(ones.map((o) => o.submitProof)), unit: "gas", target: 70_000, peer: "87k–117k (fulfil one)" },
  { name: "settle 3", value: mean(threes.map((o) => o.settle)), unit: "gas", target: 90_000, peer: "–" },
  { name: "one proof, redundancy 1, whole life", value: mean(ones.map((o) => o.life)), unit: "gas", target: 200_000, peer: "312k" },
  { name: "three ranked proofs, whole life", value: mean(threes.map((o) => o.life)), unit: "gas", target: 510_000, peer: "none (3 × 312k)" },
  { name: "32 workloads in batches, each, whole life", value: Math.round(batched.life), unit: "gas", target: 130_000, peer: "67k (fulfilment alone)" },
  { name: "stake and join", value: seats.stake, unit: "gas", target: 150_000, peer: "0.65–2.1M" },
  { name: "leave", value: seats.leave, unit: "gas", target: 70_000, peer: "64–299k" },
  { name: "withdraw", value: seats.withdraw, unit: "gas", target: 60_000, peer: "60–81k" },
  { name: "slash", value: seats.slash, unit: "gas", target: 65_000, peer: "80–307k" },
  { name: "slash and drop", value: seats.slashWithDrop, unit: "gas", target: 85_000, peer: "80–307k" },
];

const path = "bench/report.json";
mkdirSync("bench", { recursive: true });
const others = existsSync(path)
  ? (JSON.parse(readFileSync(path, "utf8")) as { name: string }[]).filter((old) => !rows.some((row) => row.name === old.name))
  : [];
writeFileSync(path, `${JSON.stringify([...rows, ...others], null, 2)}\n`);
for (const row of rows) {
  const verdict = row.value <= row.target ? "met " : "OVER";
  console.log(`${verdict}  ${row.name.padEnd(44)} ${String(row.value).padStart(9)} ${row.unit.padEnd(5)} target ${row.target}  (nearest peer ${row.peer})`);
}
