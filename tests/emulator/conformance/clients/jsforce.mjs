// Drives jsforce against the emulator; one JSON object a check on standard output.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const jsforce = createRequire(`${process.env.CONFORMANCE_MODULES}/`)("jsforce");
const org = JSON.parse(readFileSync(process.argv[2], "utf8"));
const conn = new jsforce.Connection({ loginUrl: org.login_url, instanceUrl: org.instance_url, version: "66.0" });

async function check(name, proves, run) {
  let problem = null;
  try {
    const outcome = await run();
    if (outcome !== true) problem = `gave ${JSON.stringify(outcome)}`;
  } catch (error) {
    problem = `${error.name}: ${error.message}`;
  }
  console.log(JSON.stringify({ check: name, proves, problem }));
}

async function refusal(run) {
  try {
    await run();
  } catch (error) {
    return error.errorCode;
  }
  return "nothing";
}

const lead = { LastName: "L", Company: "C" };
let account;

await check("login", "JWT bearer and identity", async () => {
  await conn.authorize({
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion: org.assertion,
  });
  return (await conn.identity()).username === org.username;
});
await check("create and retrieve", "CRUD", async () => {
  account = (await conn.sobject("Account").create({ Name: "JS" })).id;
  return (await conn.sobject("Account").retrieve(account)).Name === "JS";
});
await check("update and destroy", "CRUD", async () => {
  const updated = await conn.sobject("Account").update({ Id: account, Name: "JS2" });
  return updated.success && (await conn.sobject("Account").destroy(account)).success;
});
await check("upsert one", "201, then 200 with created", async () => {
  const row = { ...lead, External_Id__c: "js-1" };
  const first = await conn.sobject("Lead").upsert(row, "External_Id__c");
  const second = await conn.sobject("Lead").upsert(row, "External_Id__c");
  return first.created === true && second.created === false;
});
await check("create 450", "Collections in chunks of 200", async () => {
  const rows = Array.from({ length: 450 }, (_, at) => ({ LastName: `M${at}`, Company: "Many" }));
  const results = await conn.sobject("Lead").create(rows, { allowRecursive: true });
  return results.length === 450 && results.every((item) => item.success);
});
await check("query all pages", "query, nextRecordsUrl, parents", async () => {
  const soql = "SELECT Id, Owner.Name FROM Lead WHERE Company = 'Many'";
  const found = await conn.query(soql, { autoFetch: true, maxFetch: 1000, headers: { "Sforce-Query-Options": "batchSize=200" } });
  return found.records.length === 450 && found.records[0].Owner.Name === "Integration User";
});
await check("limits", "limits and Sforce-Limit-Info", async () => {
  const limits = await conn.limits();
  return limits.DailyApiRequests.Max === 15000 && conn.limitInfo.apiUsage.limit === 15000;
});
await check("describe", "describe and describeGlobal", async () => {
  const found = await conn.describe("Lead");
  return found.fields.some((field) => field.name === "Audiences__c") && (await conn.describeGlobal()).sobjects.length > 10;
});
await check("bulk ingest", "Bulk 2.0: chunked upload, polling, all three results", async () => {
  const results = await conn.bulk2.loadAndWaitForResults({
    object: "Lead",
    operation: "upsert",
    externalIdFieldName: "External_Id__c",
    input: [{ ...lead, External_Id__c: "b1" }, { External_Id__c: "b2", LastName: "", Company: "" }],
    pollInterval: 100,
    pollTimeout: 20000,
  });
  return results.successfulResults.length === 1 && results.failedResults[0].sf__Error.startsWith("REQUIRED_FIELD_MISSING:");
});
await check("bulk query", "Bulk 2.0 query: locators until null", async () => {
  let rows = 0;
  for await (const _ of await conn.bulk2.query("SELECT Id FROM Lead WHERE Company = 'Many'")) rows += 1;
  return rows === 450;
});
await check("errors", "error codes reach the caller", async () => {
  const codes = [
    await refusal(() => conn.query("SELECT Nope FROM Lead")),
    await refusal(() => conn.sobject("Lead").create({})),
  ];
  return codes.join() === "INVALID_FIELD,REQUIRED_FIELD_MISSING" || codes;
});
await check("tooling", "CustomField", async () => {
  const metadata = { label: "Js", type: "Text", length: 10 };
  return (await conn.tooling.sobject("CustomField").create({ FullName: "Lead.Js__c", Metadata: metadata })).success;
});
await check("logout", "revoke", async () => {
  await conn.logout();
  return true;
});
