/**
 * A routing strategy: calls that wait at a routing point go to a team by the time of day and by the call's user data,
 * and the calls of gold customers are recorded (R2). It needs the right `route`, and `record` for the latter.
 *
 *   npx sidetone-node examples/routing-strategy.ts [ws://127.0.0.1:8081/tlib/v1] [routing point]
 */
import { connect, TlibError } from "@sidetone/tlib/client";

const [url = "ws://127.0.0.1:8081/tlib/v1", point = "8000"] = process.argv.slice(2);
const OFFICE_HOURS = { from: 8, until: 18 };
/** Where calls go: the first number that can be reached. */
const TEAMS = { gold: ["7001", "7002"], day: ["7002", "7001"], night: ["7003"] };

const client = await connect({ url, applicationName: "strategy", applicationPassword: "demo-strategy" });

async function route(ConnID: string, segment: unknown): Promise<void> {
  const hour = new Date().getHours();
  const open = hour >= OFFICE_HOURS.from && hour < OFFICE_HOURS.until;
  const team = segment === "Gold" ? "gold" : open ? "day" : "night";
  for (const OtherDN of TEAMS[team]) {
    try {
      const Extensions = team === "gold" ? { record: "destination", team } : {};
      await client.routeCall({ ThisDN: point, ConnID, OtherDN, RouteType: "Direct", Extensions });
      return console.log(`${ConnID}: ${team} team, ${OtherDN}`);
    } catch (error) {
      if (!(error instanceof TlibError)) throw error;
      console.log(`${ConnID}: not ${OtherDN} (${error.name})`);
      // Somebody else was faster, or the caller has gone: there is nothing left to route.
      if (error.name === "InvalidState" || error.name === "InvalidConnID") return;
    }
  }
  // Nobody is to be had: the routing point's default destination.
  await client.routeCall({ ThisDN: point, ConnID, OtherDN: "", RouteType: "Default" }).catch(console.error);
}

const { Calls } = (await client.register(point)).attributes;
for (const call of Calls) void route(call.ConnID, call.UserData["Segment"]);
console.log(`routing the calls of ${point}`);
for await (const event of client.events()) {
  if (event.message === "EventRouteRequest")
    void route(event.attributes.ConnID, event.attributes.UserData?.["Segment"]);
  if (event.message === "EventAbandoned") console.log(`${event.attributes.ConnID}: the caller gave up`);
}
