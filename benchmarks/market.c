/* The market kernel of sim/mechanisms/market/kernels.py in C, statement for statement: what numba is measured against.
 *
 * Layout, names and order of operations are those of the Python file; only buffers of the transcendental functions live on
 * the stack. The structures hold the fields of the named tuples in their order, arrays as pointers. Compiled by twin.py.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CORRELATION_RIDGE 1e-12
#define DIVERGENCE 1e3
#define SMALLEST_STEP 1e-3

typedef double *restrict vec;
typedef const double *restrict cvec;

typedef struct {
    const double *kappa, *theta, *b, *g, *factor, *log_a, *mix;
} Technology;

typedef struct {
    int64_t linear, rescale, n_domestic;
    double numeraire;
    const double *mult, *add, *use_share;
    const int64_t *province;
    const double *net_wage, *net_capital, *profit, *local_rate, *central_rate, *claim, *claim_out, *cut, *other_rate;
    const double *province_levy, *land;
    double land_infrastructure, infrastructure;
    const double *city_infrastructure, *works;
    double cash, saving;
    const double *transfer, *debt, *fund, *interest, *subsidy, *contract;
    const double *p_transfer, *p_debt, *p_fund, *p_interest;
    const double *in_province, *in_nation, *pool, *position, *phi;
    double current_account;
    int64_t foreign;
    const double *foreign_investment, *foreign_share;
} Closure;

typedef struct {
    double *value_added, *net_wage, *net_capital, *local_tax, *central_tax, *profit_paid, *profit_received;
    double *own_revenue, *land_revenue, *city_budget, *city_service, *province_service, *central_service;
    double *public_investment, *cash_transfer, *interest_received, *disposable_income, *saving, *private_investment;
    double *consumption, *investment, *government, *p_revenue, *p_budget, *total;
    double *foreign_investment, *foreign_income;
} Accounts;

typedef struct {
    double *step, *residual, *gram;
    int64_t *stored;
} Memory;

typedef struct {
    int64_t sectors, regions, provinces, depth;
} Size;

typedef struct {
    int64_t converged, sweeps, place;
    double worst;
} Outcome;

static void vexp(int64_t size, const double *x, double *out)
{
    int64_t bits[size];
    for (int64_t i = 0; i < size; i++) {
        double a = x[i] < -700.0 ? -700.0 : x[i];
        a = a > 700.0 ? 700.0 : a;
        double k = floor(a * 1.4426950408889634 + 0.5);
        double f = a - k * 0.6931471803691238 - k * 1.9082149292705877e-10;
        double p = 1.6059043836821613e-10;
        p = p * f + 2.08767569878681e-09;
        p = p * f + 2.505210838544172e-08;
        p = p * f + 2.755731922398589e-07;
        p = p * f + 2.7557319223985893e-06;
        p = p * f + 2.48015873015873e-05;
        p = p * f + 0.0001984126984126984;
        p = p * f + 0.001388888888888889;
        p = p * f + 0.008333333333333333;
        p = p * f + 0.041666666666666664;
        p = p * f + 0.16666666666666666;
        p = p * f + 0.5;
        p = p * f + 1.0;
        out[i] = p * f + 1.0;
        bits[i] = ((int64_t)k + 1023) << 52;
    }
    for (int64_t i = 0; i < size; i++) {
        double power;
        memcpy(&power, &bits[i], sizeof power);
        out[i] *= power;
    }
}

static void vlog(int64_t size, const double *x, double *out)
{
    for (int64_t i = 0; i < size; i++) {
        int64_t bits, mantissa;
        double m;
        memcpy(&bits, &x[i], sizeof bits);
        mantissa = (bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000;
        memcpy(&m, &mantissa, sizeof m);
        double e = (double)((bits >> 52) - 1023);
        int high = m > 1.4142135623730951;
        double y = high ? 0.5 * m : m;
        e = high ? e + 1.0 : e;
        double t = (y - 1.0) / (y + 1.0);
        double w = t * t;
        double p = 1.0 / 21.0;
        p = p * w + 1.0 / 19.0;
        p = p * w + 1.0 / 17.0;
        p = p * w + 1.0 / 15.0;
        p = p * w + 1.0 / 13.0;
        p = p * w + 1.0 / 11.0;
        p = p * w + 1.0 / 9.0;
        p = p * w + 1.0 / 7.0;
        p = p * w + 0.2;
        p = p * w + 1.0 / 3.0;
        out[i] = e * 0.6931471805599453 + 2.0 * t * (p * w + 1.0);
    }
}

static void linear_spending(Size size, cvec V, const Closure *cl, const Accounts *acc)
{
    const int64_t n = size.regions;
    double world = 0.0, spent = 0.0;
    for (int64_t j = 0; j < n; j++) {
        double v = 0.0;
        for (int64_t s = 0; s < size.sectors; s++)
            v += V[s * n + j];
        acc->value_added[j] = v;
        world += v;
    }
    for (int64_t j = 0; j < n; j++)
        spent += cl->mult[j] * acc->value_added[j] + cl->add[j] * world / cl->numeraire;
    const double scale = cl->rescale == 1 ? world / spent : 1.0;
    for (int64_t j = 0; j < n; j++) {
        const double e = scale * (cl->mult[j] * acc->value_added[j] + cl->add[j] * world / cl->numeraire);
        acc->consumption[j] = e * cl->use_share[j];
        acc->investment[j] = e * cl->use_share[n + j];
        acc->government[j] = e * cl->use_share[2 * n + j];
    }
    acc->total[0] = world;
}

static void factor_incomes(Size size, cvec V, const Closure *cl, const Accounts *acc)
{
    const int64_t n = size.regions;
    vec value_added = acc->value_added, net_wage = acc->net_wage, net_capital = acc->net_capital;
    vec local_tax = acc->local_tax, central_tax = acc->central_tax, profit_paid = acc->profit_paid;
    vec profit_received = acc->profit_received;
    for (int64_t j = 0; j < n; j++)
        value_added[j] = net_wage[j] = net_capital[j] = local_tax[j] = 0.0;
    for (int64_t j = 0; j < n; j++)
        central_tax[j] = profit_paid[j] = profit_received[j] = acc->foreign_income[j] = acc->foreign_investment[j] = 0.0;
    for (int64_t s = 0; s < size.sectors; s++) {
        const double wage = cl->net_wage[s], capital = cl->net_capital[s], local = cl->local_rate[s];
        const double central = cl->central_rate[s], profit = cl->profit[s];
        cvec out = cl->claim_out + s * n, v = V + s * n;
        for (int64_t j = 0; j < n; j++) {
            value_added[j] += v[j];
            net_wage[j] += wage * v[j];
            net_capital[j] += capital * v[j];
            local_tax[j] += local * v[j];
            central_tax[j] += central * v[j];
            profit_paid[j] += profit * out[j] * v[j];
        }
        if (profit == 0.0)
            continue;
        for (int64_t o = 0; o < n; o++) {
            cvec claim = cl->claim + (s * n + o) * n;
            double received = 0.0;
            for (int64_t d = 0; d < n; d++)
                received += claim[d] * v[d];
            profit_received[o] += profit * received;
        }
    }
}

static void pay_the_world(Size size, cvec V, const Closure *cl, const Accounts *acc)
{
    const int64_t m = cl->n_domestic, n = size.regions;
    for (int64_t j = 0; j < m; j++) {
        for (int64_t s = 0; s < size.sectors; s++)
            acc->foreign_income[j] += cl->net_capital[s] * cl->foreign_share[s * n + j] * V[s * n + j];
        acc->profit_paid[j] += acc->foreign_income[j];
        acc->profit_received[m] += acc->foreign_income[j];
    }
}

static double invest_from_abroad(const Closure *cl, const Accounts *acc)
{
    double deficit = 0.0;
    for (int64_t j = 0; j < cl->n_domestic; j++) {
        acc->foreign_investment[j] = cl->foreign_investment[j] * acc->value_added[j];
        acc->private_investment[j] += acc->foreign_investment[j];
        acc->investment[j] += acc->foreign_investment[j];
        deficit += acc->foreign_investment[j] - acc->foreign_income[j];
    }
    return deficit;
}

static void government_budgets(Size size, const Closure *cl, const Accounts *acc)
{
    const int64_t m = cl->n_domestic;
    double nv = 0.0, transfers = 0.0, tax = 0.0, interest = 0.0, borrowed = 0.0;
    for (int64_t j = 0; j < m; j++)
        nv += acc->value_added[j];
    for (int64_t q = 0; q < size.provinces; q++)
        acc->p_revenue[q] = 0.0;
    for (int64_t j = 0; j < m; j++) {
        const double v = acc->value_added[j];
        acc->own_revenue[j] = (1.0 - cl->cut[j]) * acc->local_tax[j] + cl->other_rate[j] * v;
        acc->p_revenue[cl->province[j]] += cl->cut[j] * acc->local_tax[j] + cl->province_levy[j] * v;
        acc->land_revenue[j] = cl->land[j] * acc->own_revenue[j];
        acc->city_budget[j] = acc->own_revenue[j] + (cl->transfer[j] + cl->debt[j] + cl->fund[j]) * nv;
        transfers += cl->transfer[j];
        borrowed += cl->debt[j] + cl->fund[j];
        interest += cl->interest[j];
        tax += acc->central_tax[j];
    }
    for (int64_t q = 0; q < size.provinces; q++) {
        acc->p_budget[q] = acc->p_revenue[q] + (cl->p_transfer[q] + cl->p_debt[q] + cl->p_fund[q]) * nv;
        transfers += cl->p_transfer[q];
        borrowed += cl->p_debt[q] + cl->p_fund[q];
        interest += cl->p_interest[q];
    }
    acc->total[0] = nv;
    acc->total[1] = tax;
    acc->total[2] = transfers * nv;
    acc->total[4] = -(borrowed + cl->current_account) * nv;
    acc->total[5] = interest * nv;
}

static void final_demand(Size size, const double *V, const Closure *cl, const Accounts *acc)
{
    if (cl->linear == 1) {
        linear_spending(size, V, cl, acc);
        return;
    }
    const int64_t m = cl->n_domestic, n = size.regions;
    factor_incomes(size, V, cl, acc);
    if (cl->foreign == 1)
        pay_the_world(size, V, cl, acc);
    government_budgets(size, cl, acc);
    const double nv = acc->total[0];
    const double service_share = 1.0 - cl->infrastructure - cl->cash;
    const double central_service = acc->total[1] - acc->total[2];
    double saved = 0.0;
    for (int64_t j = 0; j < m; j++) {
        const int64_t q = cl->province[j];
        const double province_budget = cl->in_province[j] * acc->p_budget[q];
        const double budget = acc->city_budget[j] + province_budget;
        const double land = acc->land_revenue[j];
        acc->cash_transfer[j] = cl->cash * budget;
        const double shifted = (cl->city_infrastructure[j] - cl->infrastructure) * acc->city_budget[j] + cl->works[j] * nv;
        acc->public_investment[j] = cl->infrastructure * budget + cl->land_infrastructure * land + shifted;
        acc->city_service[j] = service_share * acc->city_budget[j] + (1.0 - cl->land_infrastructure) * land
                               - (cl->subsidy[j] + cl->contract[j] + cl->interest[j]) * nv - shifted;
        acc->province_service[j] = service_share * province_budget - cl->in_province[j] * cl->p_interest[q] * nv;
        acc->central_service[j] = cl->in_nation[j] * central_service;
        acc->interest_received[j] = cl->pool[j] * acc->total[5];
        acc->disposable_income[j] = acc->net_wage[j] + acc->net_capital[j] - acc->profit_paid[j] + acc->profit_received[j]
                                    - (cl->other_rate[j] + cl->province_levy[j]) * acc->value_added[j] - land
                                    + acc->cash_transfer[j] + acc->interest_received[j]
                                    + (cl->subsidy[j] + cl->position[j]) * nv;
        acc->saving[j] = cl->saving * acc->disposable_income[j];
        saved += acc->saving[j];
    }
    acc->total[3] = saved;
    acc->total[4] += saved;
    for (int64_t j = 0; j < m; j++) {
        acc->private_investment[j] = cl->phi[j] * acc->total[4];
        acc->consumption[j] = acc->disposable_income[j] - acc->saving[j];
        acc->investment[j] = acc->private_investment[j] + acc->public_investment[j];
        acc->government[j] = acc->city_service[j] + acc->province_service[j] + acc->central_service[j];
    }
    const double deficit = cl->foreign == 1 ? invest_from_abroad(cl, acc) : 0.0;
    for (int64_t j = m; j < n; j++) {
        const double e = acc->value_added[j] + cl->current_account * nv - deficit;
        acc->consumption[j] = e * cl->use_share[j];
        acc->investment[j] = e * cl->use_share[n + j];
        acc->government[j] = e * cl->use_share[2 * n + j];
    }
}

static void spending(Size size, cvec V, const Technology *tech, const Accounts *acc, vec X)
{
    const int64_t n = size.regions, sectors = size.sectors;
    cvec consumption = acc->consumption, investment = acc->investment, government = acc->government;
    for (int64_t s = 0; s < sectors; s++) {
        const double c = tech->mix[s], i = tech->mix[sectors + s], g = tech->mix[2 * sectors + s];
        double *restrict row = X + s * n;
        for (int64_t j = 0; j < n; j++)
            row[j] = c * consumption[j] + i * investment[j] + g * government[j];
        for (int64_t k = 0; k < sectors; k++) {
            const double a = tech->g[s * sectors + k] / tech->b[k];
            if (a != 0.0)
                for (int64_t j = 0; j < n; j++)
                    row[j] += a * V[k * n + j];
        }
    }
}

static void costs(Size size, const double *x, const double *p, const Technology *tech, double *u)
{
    const int64_t n = size.regions, sectors = size.sectors, last = sectors - sectors % 4;
    double log_u[sectors * n];
    for (int64_t s = 0; s < sectors; s++) {
        const double theta = tech->theta[s], slope = -theta * tech->b[s];
        double *restrict row = log_u + s * n;
        cvec log_f = x + s * n, log_a = tech->log_a + s * n, g = tech->g + s;
        for (int64_t i = 0; i < n; i++)
            row[i] = slope * (log_f[i] - log_a[i]);
        for (int64_t k = 0; k < last; k += 4) {
            const double a0 = -theta * g[k * sectors], a1 = -theta * g[(k + 1) * sectors];
            const double a2 = -theta * g[(k + 2) * sectors], a3 = -theta * g[(k + 3) * sectors];
            cvec p0 = p + k * n, p1 = p0 + n, p2 = p1 + n, p3 = p2 + n;
            for (int64_t i = 0; i < n; i++)
                row[i] += a0 * p0[i] + a1 * p1[i] + a2 * p2[i] + a3 * p3[i];
        }
        for (int64_t k = last; k < sectors; k++) {
            const double a = -theta * g[k * sectors];
            cvec price = p + k * n;
            for (int64_t i = 0; i < n; i++)
                row[i] += a * price[i];
        }
    }
    vexp(sectors * n, log_u, u);
    for (int64_t i = 0; i < sectors * n; i++)
        u[i] = tech->factor[i] > 0.0 ? u[i] : 0.0;
}

static void prices_and_sales(Size size, cvec u, cvec X, const Technology *tech, vec phi, vec Y)
{
    const int64_t n = size.regions, last = n - n % 4;
    double sales[n];
    for (int64_t s = 0; s < size.sectors; s++) {
        cvec seller = u + s * n, bought = X + s * n;
        double *restrict paid = phi + s * n;
        for (int64_t i = 0; i < n; i++)
            sales[i] = 0.0;
        for (int64_t j = 0; j < last; j += 4) {
            cvec row0 = tech->kappa + (s * n + j) * n, row1 = row0 + n, row2 = row1 + n, row3 = row2 + n;
            double sum0 = 0.0, sum1 = 0.0, sum2 = 0.0, sum3 = 0.0;
            for (int64_t i = 0; i < n; i++) {
                sum0 += row0[i] * seller[i];
                sum1 += row1[i] * seller[i];
                sum2 += row2[i] * seller[i];
                sum3 += row3[i] * seller[i];
            }
            paid[j] = sum0;
            paid[j + 1] = sum1;
            paid[j + 2] = sum2;
            paid[j + 3] = sum3;
            const double buyer0 = sum0 > 0.0 ? bought[j] / sum0 : 0.0;
            const double buyer1 = sum1 > 0.0 ? bought[j + 1] / sum1 : 0.0;
            const double buyer2 = sum2 > 0.0 ? bought[j + 2] / sum2 : 0.0;
            const double buyer3 = sum3 > 0.0 ? bought[j + 3] / sum3 : 0.0;
            for (int64_t i = 0; i < n; i++)
                sales[i] += row0[i] * buyer0 + row1[i] * buyer1 + row2[i] * buyer2 + row3[i] * buyer3;
        }
        for (int64_t j = last; j < n; j++) {
            cvec row = tech->kappa + (s * n + j) * n;
            double total = 0.0;
            for (int64_t i = 0; i < n; i++)
                total += row[i] * seller[i];
            paid[j] = total;
            const double buyer = total > 0.0 ? bought[j] / total : 0.0;
            for (int64_t i = 0; i < n; i++)
                sales[i] += row[i] * buyer;
        }
        for (int64_t i = 0; i < n; i++)
            Y[s * n + i] = sales[i] * seller[i];
    }
}

static double largest(int64_t size, const double *x, double least)
{
    int64_t result;
    memcpy(&result, &least, sizeof result);
    for (int64_t i = 0; i < size; i++) {
        int64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= 0x7FFFFFFFFFFFFFFF;
        result = bits > result ? bits : result;
    }
    memcpy(&least, &result, sizeof least);
    return least;
}

static int64_t place_of_largest(int64_t size, const double *x)
{
    int64_t place = 0;
    for (int64_t i = 0; i < size; i++)
        if (!(fabs(x[i]) <= fabs(x[place])))
            place = i;
    return place;
}

static void sweep_once(Size size, const double *z, const Technology *tech, const Closure *cl, const Accounts *acc,
                       double *work, double *r)
{
    const int64_t n = size.regions, half = size.sectors * n;
    double *V = work, *X = work + half, *u = work + 2 * half, *phi = work + 3 * half, *Y = work + 4 * half;
    const double *p = z + half;
    double *ratio = u, *excess = X;
    vexp(half, z, V);
    for (int64_t i = 0; i < half; i++)
        V[i] *= tech->factor[i];
    final_demand(size, V, cl, acc);
    spending(size, V, tech, acc, X);
    costs(size, z, p, tech, u);
    prices_and_sales(size, u, X, tech, phi, Y);
    for (int64_t s = 0; s < size.sectors; s++) {
        const double b = tech->b[s];
        for (int64_t i = s * n; i < (s + 1) * n; i++) {
            const double quotient = b * Y[i] / V[i];
            ratio[i] = tech->factor[i] > 0.0 ? quotient : 1.0;
            excess[i] = ratio[i] - 1.0;
        }
    }
    vlog(half, ratio, r);
    vlog(half, phi, r + half);
    for (int64_t s = 0; s < size.sectors; s++) {
        const double step = 1.0 / (1.0 + tech->theta[s] * tech->b[s]), inverse = -1.0 / tech->theta[s];
        for (int64_t i = s * n; i < (s + 1) * n; i++) {
            r[i] *= step;
            r[half + i] = inverse * r[half + i] - p[i];
        }
    }
}

/* Some sweeps at one point, for comparison with other implementations. */
void sweeps(int64_t times, Size size, const double *z, const Technology *tech, const Closure *cl, const Accounts *acc,
            double *work, double *r)
{
    for (int64_t k = 0; k < times; k++)
        sweep_once(size, z, tech, cl, acc, work, r);
}

static void normalise(Size size, double *z, const Technology *tech, const Closure *cl)
{
    const int64_t n = size.regions, m = cl->linear == 1 ? n : cl->n_domestic;
    double total = 0.0;
    for (int64_t s = 0; s < size.sectors; s++)
        for (int64_t i = 0; i < m; i++)
            total += exp(z[s * n + i]) * tech->factor[s * n + i];
    const double shift = log(total / cl->numeraire);
    for (int64_t i = 0; i < 2 * size.sectors * n; i++)
        z[i] -= shift;
}

static double dot(int64_t size, cvec a, cvec b)
{
    double total = 0.0;
    for (int64_t i = 0; i < size; i++)
        total += a[i] * b[i];
    return total;
}

static int64_t mixing_weights(int64_t depth, const double *gram, double *rhs, int64_t stored, double *weights, double *lower)
{
    for (int64_t i = 0; i < stored; i++)
        weights[i] = 1.0 / sqrt(gram[i * depth + i]);
    for (int64_t i = 0; i < stored; i++)
        for (int64_t j = 0; j <= i; j++) {
            double value = gram[i * depth + j] * weights[i] * weights[j];
            if (i == j)
                value += CORRELATION_RIDGE;
            for (int64_t k = 0; k < j; k++)
                value -= lower[i * depth + k] * lower[j * depth + k];
            if (i == j) {
                if (!(value > 0.0))
                    return 0;
                lower[i * depth + i] = sqrt(value);
            } else
                lower[i * depth + j] = value / lower[j * depth + j];
        }
    for (int64_t i = 0; i < stored; i++) {
        rhs[i] *= weights[i];
        for (int64_t k = 0; k < i; k++)
            rhs[i] -= lower[i * depth + k] * rhs[k];
        rhs[i] /= lower[i * depth + i];
    }
    for (int64_t i = stored - 1; i >= 0; i--) {
        for (int64_t k = i + 1; k < stored; k++)
            rhs[i] -= lower[k * depth + i] * rhs[k];
        rhs[i] /= lower[i * depth + i];
    }
    for (int64_t i = 0; i < stored; i++)
        weights[i] *= rhs[i];
    return stored;
}

static void remember(int64_t size, int64_t depth, const Memory *memory, cvec z, cvec r, cvec last_z, cvec last_r,
                     double *product, double *last_product)
{
    const int64_t slot = memory->stored[1];
    double *restrict residual = memory->residual + slot * size, *restrict step = memory->step + slot * size;
    for (int64_t i = 0; i < size; i++) {
        const double change = r[i] - last_r[i];
        residual[i] = change;
        step[i] = z[i] - last_z[i] + change;
    }
    const int64_t stored = memory->stored[0] + 1 < depth ? memory->stored[0] + 1 : depth;
    for (int64_t k = 0; k < stored; k++)
        product[k] = dot(size, memory->residual + k * size, r);
    for (int64_t k = 0; k < stored; k++)
        if (k == slot)
            memory->gram[k * depth + k] = dot(size, memory->residual + k * size, memory->residual + k * size);
        else
            memory->gram[slot * depth + k] = memory->gram[k * depth + slot] = product[k] - last_product[k];
    memcpy(last_product, product, stored * sizeof *product);
    memory->stored[0] = stored;
    memory->stored[1] = (slot + 1) % depth;
}

Outcome solve(Size size, double *z, const Technology *tech, const Closure *cl, const Accounts *acc, const Memory *memory,
              double tol, int64_t max_sweeps)
{
    const int64_t half = size.sectors * size.regions, full = 2 * half, depth = size.depth;
    double *room = malloc((5 * half + 4 * full) * sizeof *room);
    double *work = room, *r = room + 5 * half, *last_r = r + full, *last_z = last_r + full, *best_z = last_z + full;
    double lower[depth * depth], weights[depth], product[depth], last_product[depth];
    double best = INFINITY, damping = 1.0;
    int fresh = 1;
    Outcome out = {0, max_sweeps, 0, INFINITY};
    memset(product, 0, sizeof product);
    memset(last_product, 0, sizeof last_product);
    memcpy(best_z, z, full * sizeof *z);
    for (int64_t sweeps = 1; sweeps <= max_sweeps; sweeps++) {
        sweep_once(size, z, tech, cl, acc, work, r);
        out.worst = largest(half, work + half, 0.0);
        const double merit = largest(half, r + half, out.worst);
        if (merit <= tol) {
            for (int64_t i = half; i < full; i++)
                z[i] += r[i];
            normalise(size, z, tech, cl);
            out.converged = 1;
            out.sweeps = sweeps;
            break;
        }
        if (!(merit <= DIVERGENCE * best) || !isfinite(merit)) {
            memcpy(z, best_z, full * sizeof *z);
            memory->stored[0] = memory->stored[1] = 0;
            damping *= 0.5;
            best = INFINITY;
            fresh = 1;
            if (damping < SMALLEST_STEP)
                break;
            continue;
        }
        if (merit < best) {
            best = merit;
            memcpy(best_z, z, full * sizeof *z);
        }
        if (fresh) {
            for (int64_t k = 0; k < memory->stored[0]; k++)
                last_product[k] = dot(full, memory->residual + k * full, r);
            memcpy(product, last_product, sizeof product);
        } else
            remember(full, depth, memory, z, r, last_z, last_r, product, last_product);
        fresh = 0;
        memcpy(last_z, z, full * sizeof *z);
        memcpy(last_r, r, full * sizeof *r);
        const int64_t used = mixing_weights(depth, memory->gram, product, memory->stored[0], weights, lower);
        if (used == 0)
            memory->stored[0] = memory->stored[1] = 0;
        double *restrict point = z;
        cvec change = r;
        for (int64_t i = 0; i < full; i++)
            point[i] += damping * change[i];
        for (int64_t k = 0; k < used; k++) {
            cvec step = memory->step + k * full;
            const double w = weights[k];
            for (int64_t i = 0; i < full; i++)
                point[i] -= w * step[i];
        }
    }
    out.place = place_of_largest(half, work + half);
    free(room);
    return out;
}
